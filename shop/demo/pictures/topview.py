"""A pair of shoes seen from above: the second view of every shoe."""

from __future__ import annotations

from shop.demo.pictures.curves import Point, at, path, shape
from shop.demo.pictures.ink import PAPER, PAPER_DEEP, Ink, darker, lighter
from shop.demo.pictures.look import Look
from shop.demo.pictures.materials import eyelet, lace, panel, seam, soft_shadow, stitch, surface

OUTLINE: list[Point] = at(
    "-26,176 48,192 106,268 134,390 128,520 106,660 98,800 92,930 48,1014 0,1026 -48,1014"
    " -92,930 -98,800 -100,660 -116,520 -126,390 -118,270 -86,200"
)


def _inset(points: list[Point], share: float) -> list[Point]:
    return [(p[0] * share, 600 + (p[1] - 600) * (share + (1 - share) * 0.6)) for p in points]


def _ring(top: float, bottom: float, half: float) -> list[Point]:
    """An egg-shaped opening from ``top`` to ``bottom``."""
    middle = (top + bottom) / 2
    return [
        (0, top),
        (half * 0.74, top + 34),
        (half, middle),
        (half * 0.86, bottom - 60),
        (half * 0.4, bottom - 8),
        (0, bottom),
        (-half * 0.4, bottom - 8),
        (-half * 0.86, bottom - 60),
        (-half, middle),
        (-half * 0.74, top + 34),
    ]


def _opening(ink: Ink, look: Look, ring: list[Point], *, padded: float = 16) -> None:
    """The hole for the foot with insole and rim."""
    data = shape(ring)
    ys = [p[1] for p in ring]
    ink.line(data, darker(look.base, 0.35), padded + 5)
    ink.line(data, look.second, padded)
    ink.line(data, lighter(look.second, 0.28), padded * 0.3, opacity=0.6)
    ink.fill(
        data,
        ink.linear(
            0, min(ys), 0, max(ys), (0, look.inside), (0.45, look.lining), (1, darker(look.lining, 0.2))
        ),
    )
    with ink.clipped(data):
        ink.fill(shape([(p[0] * 0.76, p[1] + 8) for p in ring]), look.lining, opacity=0.7)
        ink.box(
            -150,
            min(ys) - 10,
            300,
            90,
            ink.linear(0, min(ys), 0, min(ys) + 90, (0, "#120b05", 0.55), (1, "#120b05", 0)),
        )
        ink.line("M-20 930q10 -12 20 0t20 0", darker(look.lining, 0.35), 5)
        ink.line("M-20 914q10 -12 20 0t20 0", darker(look.lining, 0.35), 5)


def _laced_front(ink: Ink, look: Look, top: float, bottom: float, rows: int, width: float = 12) -> None:
    """Tongue, the two facings and the laces across."""
    tongue: list[Point] = [
        (-34, top),
        (34, top),
        (50, bottom - 20),
        (44, bottom + 66),
        (0, bottom + 84),
        (-44, bottom + 66),
        (-50, bottom - 20),
    ]
    ink.fill(
        shape(tongue), ink.linear(0, top, 0, bottom + 80, (0, darker(look.second, 0.3)), (1, look.second))
    )
    ink.line(shape(tongue), darker(look.base, 0.5), 2.4, opacity=0.7)
    for side in (-1, 1):
        facing: list[Point] = [
            (side * 30, top - 34),
            (side * 80, top - 4),
            (side * 92, (top + bottom) / 2),
            (side * 84, bottom + 10),
            (side * 52, bottom + 14, "c"),
            (side * 40, (top + bottom) / 2),
            (side * 26, top + 6, "c"),
        ]
        panel(ink, facing, look.second, look.finish, sewn=0)
        stitch(ink, facing[:5], look.second, away=-9 * side)
    for row in reversed(range(rows)):
        y = top + 18 + (bottom - top - 24) * row / max(rows - 1, 1)
        reach = 48 + 14 * row / max(rows - 1, 1)
        for side in (-1, 1):
            eyelet(ink, side * reach, y, look.metal if width > 9 else None, 7)
        lace(ink, -reach, y, reach, y - 2, look.lace, width)
    y = bottom + 6
    for side in (-1, 1):
        loop = f"M0 {y}c{side * 20} -34 {side * 88} -30 {side * 84} 4c{side * -4} 28 {side * -62} 18 {side * -84} -4"
        tail = f"M0 {y}c{side * 6} 30 {side * 36} 44 {side * 40} 74"
        for data in (loop, tail):
            ink.line(data, "#120b05", width + 3, opacity=0.2)
            ink.line(data, darker(look.lace, 0.45), width)
            ink.line(data, look.lace, width - 3)
    ink.ellipse(0, y, 12, 11, darker(look.lace, 0.3))
    ink.ellipse(0, y, 10, 9, look.lace)


def _toe(ink: Ink, look: Look, y: float, colour: str, finish: str) -> None:
    panel(
        ink,
        [(-170, y - 10), (-60, y - 26), (0, y - 30), (60, y - 26), (170, y - 10), (150, 100), (-150, 100)],
        colour,
        finish,
    )


def _closed(ink: Ink, look: Look) -> None:
    """Every shoe that has a vamp."""
    upper = _inset(OUTLINE, 0.93)
    surface(ink, upper, look.base, "rubber" if look.kind == "rain_boot" else look.finish)
    boot = look.kind in ("ankle_boot", "hiking", "chelsea", "rain_boot") or look.style in (
        "high",
        "canvas_high",
        "lamb",
    )
    with ink.clipped(shape(upper)):
        _vamp(ink, look)
        if look.kind in ("sneaker", "kids") or look.style == "brogue":
            panel(
                ink,
                at("-130,1060 -110,900 -40,944 40,944 110,900 130,1060"),
                look.accent if look.style != "brogue" else look.second,
                look.finish,
            )
        else:
            seam(ink, at("0,960 2,1000 0,1040"), look.base)
    if boot:
        ring = _ring(650, 980, 84)
        wall = [(p[0] * 1.2, 817 + (p[1] - 817) * 1.13) for p in ring]
        surface(ink, wall, look.base, "rubber" if look.kind == "rain_boot" else look.finish)
        _opening(ink, look, ring, padded=20)
        if look.kind == "chelsea":
            for side in (-1, 1):
                flank: list[Point] = [(side * 88, 750), (side * 93, 815), (side * 86, 890)]
                ink.line(path(flank), darker(look.second, 0.7), 13, dash="3 5", cap="butt")
            ink.line("M-16 986q16 34 32 0", look.accent, 11)
        if look.kind == "rain_boot":
            ink.line(shape(ring), look.accent, 20)
    elif look.style == "ballerina":
        _opening(ink, look, _ring(330, 996, 88), padded=11)
        for data in (
            "M0 330c-20 -36 -72 -34 -66 -6c4 22 46 24 66 6z",
            "M0 330c20 -36 72 -34 66 -6c-4 22 -46 24 -66 6z",
        ):
            ink.fill(data, look.second)
            ink.line(data, darker(look.base, 0.5), 2.4)
        ink.ellipse(0, 328, 11, 10, darker(look.second, 0.15))
    elif look.kind == "loafer" or look.kind == "slipper":
        _opening(ink, look, _ring(520, 986, 80), padded=14 if look.kind == "loafer" else 26)
    else:
        _opening(ink, look, _ring(590, 986, 80))
    _front(ink, look, boot)


def _vamp(ink: Ink, look: Look) -> None:
    """Toe caps, aprons and bands between toe and opening; inside the clip."""
    if look.style in ("canvas", "canvas_high"):
        _toe(ink, look, 330, look.sole, "smooth")
    elif look.style in ("court", "high", "runner", "straps"):
        _toe(ink, look, 330, look.second, look.finish)
    elif look.kind in ("derby", "ankle_boot") and look.style in ("cap", "brogue"):
        seam(ink, at("-160,330 -60,316 0,312 60,316 160,330"), look.base, double=True)
    elif look.kind == "hiking" or look.kind == "rain_boot":
        _toe(ink, look, 270, darker(look.sole, 0.1) if look.kind == "hiking" else look.second, "rubber")
    elif look.style in ("penny", "tassel", "boat", "felt"):
        apron: list[Point] = at("-86,640 -92,440 -64,316 0,276 64,316 92,440 86,640")
        ink.line(path(apron), "#120b05", 14, opacity=0.2)
        ink.line(path(apron), lighter(look.base, 0.14), 9)
        ink.line(
            path(apron),
            look.lace if look.style == "boat" else darker(look.base, 0.5),
            9,
            dash="4 9",
            cap="butt",
        )


def _front(ink: Ink, look: Look, boot: bool) -> None:
    """What lies on top: laces, straps, tassels."""
    if look.style in FRONTS:
        FRONTS[look.style](ink, look)
    elif look.kind == "sneaker":
        _laced_front(ink, look, 384, 600, 5, 13)
    elif look.kind == "derby":
        _laced_front(ink, look, 440, 600, 4, 8)
    elif look.kind in ("ankle_boot", "hiking"):
        _laced_front(ink, look, 404, 640, 6, 10)
    if boot and look.kind == "rain_boot":
        ink.line(path(at("-40,360 -52,440 -44,540")), "#fffaf0", 13, opacity=0.35)


def _two_straps(ink: Ink, look: Look) -> None:
    for y in (0, 120):
        strap = at("-112,440 -104,514! 0,504 104,524 116,486 106,444 0,430 -100,434!")
        panel(ink, [(p[0], p[1] + y, *p[2:]) for p in strap], look.accent, "smooth", sewn=10)  # type: ignore[misc]


def _penny(ink: Ink, look: Look) -> None:
    panel(ink, at("-124,450 0,430 124,450 126,530 0,506 -126,530"), look.second, look.finish)
    ink.fill(shape(at("-30,458 0,452 30,458 22,480 -22,480")), darker(look.base, 0.7))


def _tassels(ink: Ink, look: Look) -> None:
    for x, turn in ((-20, 16), (20, -16)):
        with ink.moved(f"translate({x} 470) rotate({turn + 180})"):
            ink.fill("M-10 0h20l12 66q-22 10 -44 0z", darker(look.base, 0.12))
            for k in range(-16, 18, 6):
                ink.line(f"M{k * 0.4:.0f} 12L{k} 64", darker(look.base, 0.5), 2)
    ink.ellipse(0, 474, 20, 14, look.second)


def _boat_lace(ink: Ink, look: Look) -> None:
    for y in (474, 514):
        for side in (-1, 1):
            eyelet(ink, side * 42, y, look.metal, 7)
        lace(ink, -42, y, 42, y, look.lace, 10)


def _wave(ink: Ink, look: Look) -> None:
    ink.line("M-66 380q16 -22 33 0t33 0t33 0t33 0", look.accent, 8)


FRONTS = {"straps": _two_straps, "penny": _penny, "tassel": _tassels, "boat": _boat_lace, "mule": _wave}


def _sandal(ink: Ink, look: Look) -> None:
    bed = _inset(OUTLINE, 0.92)
    colour = lighter(look.lining, 0.12)
    surface(ink, bed, colour, "suede", shine=0.2)
    with ink.clipped(shape(bed)):
        ink.ellipse(6, 350, 84, 110, "#120b05", opacity=0.07)
        ink.ellipse(0, 880, 62, 92, "#120b05", opacity=0.08)
    ink.line("M-20 900q10 -12 20 0t20 0", darker(colour, 0.4), 5)
    bands: list[list[Point]] = [
        at("-136,330 0,296 140,340 142,440 0,400 -134,440"),
        at("-122,540 0,510 126,550 118,660 0,628 -112,650"),
    ]
    if look.style == "cross":
        bands = [
            at("-132,300 -60,320 130,520 126,620 50,560 -136,400"),
            at("138,310 60,320 -122,520 -116,610 -50,560 140,410"),
        ]
    for band in bands:
        panel(ink, band, look.base, look.finish, sewn=11)
    if look.style != "two_strap":
        ring: list[Point] = at("-100,760 -98,900 -60,1000 0,1020 60,1000 98,900 100,760")
        for paint, width in ((darker(look.base, 0.5), 40), (look.base, 34)):
            ink.line(path(ring), paint, width)
        stitch(ink, ring, look.base, away=10)
        panel(
            ink,
            at("-112,730 0,702 112,730 110,784 0,752 -110,784"),
            look.accent if look.style == "trek" else look.base,
            look.finish,
            sewn=8,
        )
    for x, y in ((92, 392), (84, 606)) if look.style == "two_strap" else ((84, 752),):
        ink.frame(x - 20, y - 24, 36, 44, darker(look.metal, 0.4), 8, r=8)
        ink.frame(x - 20, y - 24, 36, 44, lighter(look.metal, 0.2), 4, r=8)


def _one(ink: Ink, look: Look) -> None:
    data = shape(OUTLINE)
    ink.fill(
        data,
        ink.linear(
            -130, 0, 130, 0, (0, lighter(look.sole, 0.15)), (0.7, look.sole), (1, darker(look.sole, 0.25))
        ),
    )
    ink.line(data, darker(look.sole, 0.55), 2.4, opacity=0.8)
    stitch(ink, _inset(OUTLINE, 0.965), look.sole, away=0, width=2, closed=True)
    (_sandal if look.kind == "sandal" else _closed)(ink, look)


def draw_pair(ink: Ink, look: Look) -> None:
    """The pair from above, toes up."""
    ink.box(0, 0, 1200, 1200, PAPER)
    ink.box(0, 0, 1200, 1200, ink.radial(500, 440, 860, (0, "#fffdf8", 0.95), (1, PAPER_DEEP, 0.75)))
    for axis, turn in ((404, -4), (796, 4)):
        mirror = -1 if axis < 600 else 1
        with ink.moved(f"translate({axis} 0) rotate({turn} 0 600) scale({mirror} 1)"):
            soft_shadow(ink, OUTLINE, 16 * mirror, 24)
            _one(ink, look)
