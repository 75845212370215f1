"""Leather, suede, canvas, rubber: how a surface takes the light, and how pieces are sewn onto it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from shop.demo.pictures.curves import Point, offset, path, polyline, shape
from shop.demo.pictures.ink import SHADOW, Ink, brightness, darker, lighter, line_on

Box = tuple[float, float, float, float]


def bounds(points: Sequence[Point]) -> Box:
    """Left, top, right and bottom of the points."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def _specks(ink: Ink, box: Box, colour: str, seed: int, count: int, length: float, opacity: float) -> None:
    """Short strokes of nap, as in suede and felt; one path, so that it is cheap to draw."""
    dice = Random(seed)
    left, top, right, bottom = box
    for paint in (lighter(colour, 0.35), darker(colour, 0.35)):
        data = []
        for _ in range(count):
            x, y = dice.uniform(left, right), dice.uniform(top, bottom)
            data.append(
                f"M{x:.0f} {y:.0f}l{dice.uniform(-length, length):.1f} {dice.uniform(-length * 0.6, length * 0.6):.1f}"
            )
        ink.line("".join(data), paint, 2, opacity=opacity)


def texture(ink: Ink, box: Box, colour: str, finish: str) -> None:
    """The surface of ``finish`` over ``box``; call it inside a clip."""
    left, top, right, bottom = box
    light, dark = lighter(colour, 0.5), darker(colour, 0.5)
    if finish in ("suede", "nubuck"):
        _specks(ink, box, colour, 7, 420 if finish == "suede" else 240, 6, 0.22)
    elif finish in ("felt", "wool"):
        _specks(ink, box, colour, 11, 520, 11, 0.3)
    elif finish == "canvas":
        tile = f'<path d="M0 3h7M3 0v7" stroke="{dark}" stroke-width="1" stroke-opacity=".22"/>'
        tile += f'<path d="M0 6.5h7" stroke="{light}" stroke-width="1" stroke-opacity=".25"/>'
        ink.box(left, top, right - left, bottom - top, ink.pattern(7, 7, tile, turn=8))
    elif finish == "mesh":
        tile = f'<circle cx="4" cy="4" r="2.1" fill="{dark}" fill-opacity=".38"/>'
        tile += f'<circle cx="9" cy="9" r="2.1" fill="{dark}" fill-opacity=".38"/>'
        ink.box(left, top, right - left, bottom - top, ink.pattern(10, 10, tile, turn=12))
    elif finish == "knit":
        tile = f'<path d="M0 2l6 6l6-6" fill="none" stroke="{dark}" stroke-width="2" stroke-opacity=".3"/>'
        tile += (
            f'<path d="M0 5l6 6l6-6" fill="none" stroke="{light}" stroke-width="1.4" stroke-opacity=".35"/>'
        )
        ink.box(left, top, right - left, bottom - top, ink.pattern(12, 9, tile))
    elif finish == "cork":
        _specks(ink, box, colour, 5, 150, 5, 0.55)


def surface(
    ink: Ink, points: Sequence[Point], colour: str, finish: str = "smooth", *, shine: float = 1.0
) -> None:
    """Fill a closed shape as a rounded body of the given finish, lit from the upper left, with a drawn edge."""
    data = shape(points)
    left, top, right, bottom = box = bounds(points)
    height = bottom - top
    glossy = {"smooth": 1.0, "patent": 1.9, "rubber": 1.5}.get(finish, 0.45) * shine
    lift = 0.16 if brightness(colour) > 0.2 else 0.12
    ink.fill(
        data,
        ink.linear(
            left,
            top,
            left + (right - left) * 0.12,
            bottom,
            (0, lighter(colour, lift)),
            (0.55, colour),
            (1, darker(colour, 0.24)),
        ),
    )
    with ink.clipped(data):
        texture(ink, box, colour, finish)
        ink.box(
            left,
            bottom - height * 0.22,
            right - left,
            height * 0.24,
            ink.linear(0, bottom - height * 0.22, 0, bottom, (0, "#120b05", 0), (1, "#120b05", 0.3)),
        )
        back = ink.linear(left, 0, left + (right - left) * 0.2, 0, (0, "#120b05", 0.26), (1, "#120b05", 0))
        ink.box(left, top, (right - left) * 0.2, height, back)
        glow = min(0.30 * glossy, 0.55)
        ink.ellipse(
            right - (right - left) * 0.15,
            bottom - height * 0.33,
            (right - left) * 0.13,
            height * 0.2,
            ink.radial(
                right - (right - left) * 0.15,
                bottom - height * 0.34,
                (right - left) * 0.13,
                (0, "#fffaf0", glow),
                (0.5, "#fffaf0", glow * 0.35),
                (1, "#fffaf0", 0),
                squash=0.62,
                turn=24,
            ),
        )
        ink.ellipse(
            left + (right - left) * 0.36,
            top + height * 0.5,
            (right - left) * 0.26,
            height * 0.3,
            ink.radial(
                left + (right - left) * 0.36,
                top + height * 0.5,
                (right - left) * 0.26,
                (0, "#fffaf0", glow * 0.55),
                (1, "#fffaf0", 0),
                squash=0.6,
                turn=-14,
            ),
        )
    ink.line(data, darker(colour, 0.55), 2.6, opacity=0.75)


def stitch(
    ink: Ink,
    points: Sequence[Point],
    colour: str,
    *,
    away: float = 9,
    width: float = 2.4,
    closed: bool = False,
) -> None:
    """A row of stitches beside the curve (``away`` px to its left; negative: to its right)."""
    row = offset(points, away, closed=closed)
    ink.line(polyline(row), darker(colour, 0.4), width + 1.2, dash="9 7", opacity=0.25)
    ink.line(polyline(row), line_on(colour), width, dash="9 7", opacity=0.85)


def seam(ink: Ink, points: Sequence[Point], colour: str, *, away: float = 9, double: bool = False) -> None:
    """An edge of leather lying on leather: shadow, edge and stitches."""
    data = path(points)
    ink.line(data, "#120b05", 6, opacity=0.16)
    ink.line(data, darker(colour, 0.5), 2.6, opacity=0.8)
    stitch(ink, points, colour, away=away)
    if double:
        stitch(ink, points, colour, away=away * 1.9)


def panel(
    ink: Ink,
    points: Sequence[Point],
    colour: str,
    finish: str = "smooth",
    *,
    sewn: float = 9,
    shadow: bool = True,
) -> None:
    """A closed piece sewn on; call it inside the clip of the upper. ``sewn`` 0 leaves out the stitches."""
    data = shape(points)
    left, top, _, bottom = box = bounds(points)
    if shadow:
        ink.line(data, "#120b05", 9, opacity=0.14)
    ink.fill(
        data,
        ink.linear(
            left, top, left + 40, bottom, (0, lighter(colour, 0.14)), (0.6, colour), (1, darker(colour, 0.2))
        ),
    )
    if finish not in ("smooth", "patent", "rubber"):
        with ink.clipped(data):
            texture(ink, box, colour, finish)
    ink.line(data, darker(colour, 0.5), 2.4, opacity=0.7)
    if sewn:
        stitch(ink, points, colour, away=sewn if _runs_left(points) else -sewn, closed=True)


def _runs_left(points: Sequence[Point]) -> bool:
    """Which way round the outline runs; stitches belong inside it."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) < 0


def soft_shadow(ink: Ink, points: Sequence[Point], dx: float = 14, dy: float = 20) -> None:
    """The shadow of a thing lying on paper: its shape again and again, each a little larger and as faint."""
    outward = -1 if _runs_left(points) else 1
    with ink.moved(f"translate({dx:g} {dy:g})"):
        for reach in (0, 5, 10, 15, 21, 27, 34, 42):
            ink.fill(
                polyline(offset(points, outward * reach, closed=True), closed=True), SHADOW, opacity=0.045
            )


def sole_slab(ink: Ink, points: Sequence[Point], colour: str, *, rim: str | None = None) -> None:
    """A sole or midsole: light on its upper rim, dark below."""
    data = shape(points)
    _, top, _, bottom = bounds(points)
    ink.fill(
        data,
        ink.linear(
            0, top, 0, bottom, (0, rim or lighter(colour, 0.2)), (0.35, colour), (1, darker(colour, 0.3))
        ),
    )
    ink.line(data, darker(colour, 0.55), 2.4, opacity=0.7)


def lace(ink: Ink, x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 13) -> None:
    """One pass of a lace with its little shadow and weave."""
    data = f"M{x1:.1f} {y1:.1f}Q{(x1 + x2) / 2 - 3:.1f} {(y1 + y2) / 2 - 6:.1f} {x2:.1f} {y2:.1f}"
    ink.line(data, "#120b05", width + 5, opacity=0.22)
    ink.line(data, darker(colour, 0.45), width + 1.5)
    ink.line(data, colour, width - 1.5)
    ink.line(data, lighter(colour, 0.4), width * 0.3, dash="3 5", opacity=0.6)


#: Two loops and two ends, drawn around the knot.
BOW = (
    "M0 0c-14 -34 -66 -38 -74 -4c-4 26 48 26 74 4",
    "M0 0c26 -24 72 -10 66 18c-8 24 -46 6 -66 -18",
    "M0 0c-8 30 -34 52 -40 84",
    "M0 0c12 26 30 40 30 74",
)


def bow(ink: Ink, x: float, y: float, colour: str, *, size: float = 1.0, width: float = 11) -> None:
    """The tied ends of a lace hanging over the side."""
    thick = width / size
    with ink.moved(f"translate({x:.1f} {y:.1f}) scale({size:g})"):
        for data in BOW:
            ink.line(data, "#120b05", thick + 4, opacity=0.2)
            ink.line(data, darker(colour, 0.45), thick + 1.5)
            ink.line(data, colour, thick - 1.5)
            ink.line(data, lighter(colour, 0.4), thick * 0.28, dash="3 5", opacity=0.5)
        ink.ellipse(0, 0, 12, 11, darker(colour, 0.4))
        ink.ellipse(0, 0, 10, 9, colour)


def eyelet(ink: Ink, x: float, y: float, metal: str | None = "#b9a77c", r: float = 8) -> None:
    """A metal ring, or a punched hole when ``metal`` is None."""
    if metal:
        ink.ellipse(x, y, r, r, darker(metal, 0.35))
        ink.ellipse(x - 0.8, y - 0.8, r - 1.6, r - 1.6, lighter(metal, 0.25))
    ink.ellipse(x, y, r * 0.5, r * 0.5, "#1c130c")
