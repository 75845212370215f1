"""Ink: a small SVG writer with gradients, clips and the colour arithmetic of the demo pictures.

The result refers to nothing outside itself: no fonts, no images, no style sheets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

PAPER = "#f6f1e6"
PAPER_DEEP = "#e9e0cf"
SHADOW = "#3a2f22"

Stop = tuple[float, str] | tuple[float, str, float]


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(first: str, second: str, share: float) -> str:
    """The colour between two ``#rrggbb`` colours; ``share`` 0 is the first, 1 the second."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def lighter(colour: str, share: float) -> str:
    """``colour`` towards a warm white."""
    return mix(colour, "#fffaf0", share)


def darker(colour: str, share: float) -> str:
    """``colour`` towards a warm black."""
    return mix(colour, "#17110c", share)


def brightness(colour: str) -> float:
    """Perceived brightness from 0 (black) to 1 (white)."""
    r, g, b = _rgb(colour)
    return (0.299 * r + 0.587 * g + 0.114 * b) / 255


def line_on(colour: str) -> str:
    """A line colour that shows on ``colour``: darker on light ground, lighter on dark ground."""
    return darker(colour, 0.42) if brightness(colour) > 0.28 else lighter(colour, 0.22)


class Ink:
    """Collects shapes; ``svg()`` gives the finished picture as text."""

    def __init__(self, *, width: int = 1200, height: int = 1200) -> None:
        self.width, self.height = width, height
        self._defs: list[str] = []
        self._body: list[str] = []
        self._count = 0

    def _id(self) -> str:
        self._count += 1
        return f"i{self._count}"

    @staticmethod
    def _stops(stops: tuple[Stop, ...]) -> str:
        return "".join(
            f'<stop offset="{s[0]}" stop-color="{s[1]}"'
            + (f' stop-opacity="{s[2]}"' if len(s) == 3 else "")
            + "/>"
            for s in stops
        )

    def linear(self, x1: float, y1: float, x2: float, y2: float, *stops: Stop) -> str:
        """A linear gradient in picture coordinates; returns the paint to fill with."""
        name = self._id()
        self._defs.append(
            f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="{x1:.0f}" y1="{y1:.0f}" '
            f'x2="{x2:.0f}" y2="{y2:.0f}">{self._stops(stops)}</linearGradient>'
        )
        return f"url(#{name})"

    def radial(
        self, cx: float, cy: float, r: float, *stops: Stop, squash: float = 1.0, turn: float = 0
    ) -> str:
        """A radial gradient, flattened by ``squash`` (height to width) and turned by ``turn`` degrees."""
        name = self._id()
        move = f"translate({cx:.0f} {cy:.0f}) rotate({turn:g}) scale(1 {squash:g})"
        self._defs.append(
            f'<radialGradient id="{name}" gradientUnits="userSpaceOnUse" cx="0" cy="0" r="{r:.0f}" '
            f'gradientTransform="{move}">{self._stops(stops)}</radialGradient>'
        )
        return f"url(#{name})"

    def pattern(self, width: float, height: float, content: str, *, turn: float = 0) -> str:
        """A repeating tile; returns the paint to fill with."""
        name = self._id()
        self._defs.append(
            f'<pattern id="{name}" width="{width:g}" height="{height:g}" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate({turn:g})">{content}</pattern>'
        )
        return f"url(#{name})"

    def raw(self, text: str) -> None:
        """Add finished SVG elements."""
        self._body.append(text)

    def fill(self, data: str, paint: str, *, opacity: float = 1.0) -> None:
        """Fill a path."""
        faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._body.append(f'<path d="{data}" fill="{paint}"{faint}/>')

    def line(
        self, data: str, paint: str, width: float, *, dash: str = "", opacity: float = 1.0, cap: str = "round"
    ) -> None:
        """Stroke a path."""
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        extra += f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
        self._body.append(
            f'<path d="{data}" fill="none" stroke="{paint}" stroke-width="{width:g}" stroke-linecap="{cap}" '
            f'stroke-linejoin="round"{extra}/>'
        )

    def ellipse(
        self, cx: float, cy: float, rx: float, ry: float, paint: str, *, opacity: float = 1.0
    ) -> None:
        """Fill an ellipse."""
        faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._body.append(
            f'<ellipse cx="{cx:.1f}" cy="{cy:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{paint}"{faint}/>'
        )

    def box(
        self, x: float, y: float, w: float, h: float, paint: str, *, r: float = 0, opacity: float = 1
    ) -> None:
        """Fill a rectangle with rounded corners."""
        faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._body.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{r:g}" fill="{paint}"{faint}/>'
        )

    def frame(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        paint: str,
        width: float,
        *,
        r: float = 0,
        opacity: float = 1,
    ) -> None:
        """Stroke a rectangle with rounded corners."""
        faint = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
        self._body.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{r:g}" fill="none" '
            f'stroke="{paint}" stroke-width="{width:g}"{faint}/>'
        )

    @contextmanager
    def clipped(self, data: str) -> Iterator[None]:
        """Everything drawn inside shows only within the path ``data``."""
        name = self._id()
        self._defs.append(f'<clipPath id="{name}"><path d="{data}"/></clipPath>')
        self._body.append(f'<g clip-path="url(#{name})">')
        yield
        self._body.append("</g>")

    @contextmanager
    def moved(self, transform: str) -> Iterator[None]:
        """Everything drawn inside is transformed."""
        self._body.append(f'<g transform="{transform}">')
        yield
        self._body.append("</g>")

    def svg(self) -> str:
        """The finished picture."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}"><defs>{"".join(self._defs)}</defs>{"".join(self._body)}</svg>'
        )


def backdrop(ink: Ink, *, ground: float = 850) -> None:
    """Warm paper with a soft light from above and a hint of floor."""
    w, h = ink.width, ink.height
    ink.box(0, 0, w, h, PAPER)
    ink.box(0, 0, w, h, ink.radial(w * 0.42, h * 0.36, w * 0.72, (0, "#fffdf8", 0.95), (1, "#fffdf8", 0)))
    ink.box(
        0,
        ground - 70,
        w,
        h - ground + 70,
        ink.linear(0, ground - 70, 0, h, (0, PAPER_DEEP, 0), (1, PAPER_DEEP, 0.85)),
    )


def cast(ink: Ink, cx: float, cy: float, rx: float, ry: float = 34, strength: float = 0.42) -> None:
    """A soft shadow on the floor: a wide faint one and a narrow dark one where things touch it."""
    wide = ink.radial(
        cx,
        cy,
        rx * 1.12,
        (0, SHADOW, strength * 0.6),
        (0.6, SHADOW, strength * 0.28),
        (1, SHADOW, 0),
        squash=ry * 1.9 / rx,
    )
    ink.ellipse(cx, cy, rx * 1.15, ry * 2.1, wide)
    tight = ink.radial(
        cx,
        cy - 4,
        rx,
        (0, SHADOW, strength),
        (0.8, SHADOW, strength * 0.6),
        (1, SHADOW, 0),
        squash=ry * 0.55 / rx,
    )
    ink.ellipse(cx, cy - 4, rx, ry * 0.6, tight)
