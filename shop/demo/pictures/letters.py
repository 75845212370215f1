"""Hand-drawn capitals, so that labels need no font: every glyph is a few strokes on a 10 by 14 grid."""

from __future__ import annotations

from shop.demo.pictures.ink import Ink

GLYPHS: dict[str, tuple[float, str]] = {
    "A": (10, "M0 14L5 0L10 14M2 9.4H8"),
    "B": (8.6, "M0 0V14H4.6C9.6 14 9.6 7 4.6 7H0M4.4 7C8.6 7 8.6 0 4.4 0H0"),
    "C": (9.6, "M9.6 2.6C5.6 -2.4 0 .6 0 7S5.6 16.4 9.6 11.4"),
    "D": (9.4, "M0 0V14H3.6C11.4 14 11.4 0 3.6 0Z"),
    "E": (7.6, "M7.6 0H0V14H7.6M0 6.8H6.4"),
    "F": (7.4, "M7.4 0H0V14M0 6.8H6.2"),
    "G": (10, "M9.4 2.6C5.6 -2.4 0 .6 0 7S6 16.4 10 11.6V7.6H6"),
    "H": (9, "M0 0V14M9 0V14M0 6.8H9"),
    "I": (0.1, "M0 0V14"),
    "J": (6, "M6 0V10C6 15 1 15 0 11.4"),
    "K": (8.6, "M0 0V14M8.2 0L0 8.4M2.8 5.8L8.6 14"),
    "L": (7, "M0 0V14H7"),
    "M": (11, "M0 14V0L5.5 9L11 0V14"),
    "N": (9, "M0 14V0L9 14V0"),
    "O": (11, "M5.5 0C13 0 13 14 5.5 14S-2 0 5.5 0Z"),
    "P": (8.4, "M0 14V0H4.4C9.6 0 9.6 7.6 4.4 7.6H0"),
    "Q": (11, "M5.5 0C13 0 13 14 5.5 14S-2 0 5.5 0ZM6.6 10.4L11 14.6"),
    "R": (8.8, "M0 14V0H4.4C9.6 0 9.6 7.4 4.4 7.4H0M4.4 7.4L8.8 14"),
    "S": (8, "M7.6 2.4C5.8 -.8 .4 -.8 .4 3.4C.4 8 8 5.8 8 10.4C8 15 1.6 15 0 11.4"),
    "T": (9, "M0 0H9M4.5 0V14"),
    "U": (9, "M0 0V9C0 15.6 9 15.6 9 9V0"),
    "V": (10, "M0 0L5 14L10 0"),
    "W": (14, "M0 0L3.6 14L7 2L10.4 14L14 0"),
    "X": (9, "M0 0L9 14M9 0L0 14"),
    "Y": (9, "M0 0L4.5 7L9 0M4.5 7V14"),
    "Z": (8.6, "M0 0H8.6L0 14H8.6"),
    "Ä": (10, "M0 14L5 2L10 14M2 9.8H8M2.6 -1V-.9M7.4 -1V-.9"),
    "Ö": (11, "M5.5 2C13 2 13 14 5.5 14S-2 2 5.5 2ZM3 -1V-.9M8 -1V-.9"),
    "Ü": (9, "M0 2V9C0 15.6 9 15.6 9 9V2M2.4 -1V-.9M6.6 -1V-.9"),
    "0": (8, "M4 0C9.6 0 9.6 14 4 14S-1.6 0 4 0Z"),
    "1": (3.6, "M0 2.6L3.4 0V14"),
    "2": (8, "M.2 3.4C.6 -1.4 7.6 -1.2 7.6 3.6C7.6 7 3 9.4 0 14H8"),
    "3": (7.6, "M.4 1.6C3 -1.4 7.2 0 7.2 3.4C7.2 6 5 7 3 7C6 7 7.6 8.4 7.6 10.6C7.6 15 1.6 15 0 12"),
    "4": (8.4, "M6 14V0L0 9.8H8.4"),
    "5": (7.8, "M7.2 0H1.4L.8 6.4C4 4.4 7.8 6 7.8 9.6C7.8 14.8 1.6 15 0 12"),
    "6": (8, "M6.8 1C3 -1 0 3 0 9C0 15.4 8 15.4 8 9.6C8 5 2 4.6 .2 8.6"),
    "7": (8, "M0 0H8L2.6 14"),
    "8": (8, "M4 6.6C-.6 6.4 -.6 0 4 0S8.6 6.4 4 6.6C-1.4 6.8 -1.4 14 4 14S9.4 6.8 4 6.6Z"),
    "9": (8, "M1.2 13C5 15 8 11 8 5C8 -1.4 0 -1.4 0 4.4C0 9 6 9.4 7.8 5.4"),
    "&": (9.6, "M9.2 14L1.8 4.6C-.8 .6 5.6 -1.6 6 2.4C6.2 6 0 6.6 0 10.6C0 15.4 7.4 15 9 8"),
    ".": (0.1, "M0 14V13.9"),
    "-": (4, "M0 7.4H4"),
    "/": (6, "M0 15L6 -1"),
    " ": (4.4, ""),
}  # fmt: skip


def width_of(text: str, size: float, *, gap: float = 4.2) -> float:
    """How wide ``text`` becomes with capitals ``size`` px high."""
    scale = size / 14
    return (sum(GLYPHS[c][0] + gap for c in text) - gap) * scale


def write(
    ink: Ink,
    text: str,
    cx: float,
    y: float,
    size: float,
    colour: str,
    *,
    weight: float = 1.7,
    gap: float = 4.2,
) -> None:
    """Write capitals ``size`` px high, centred on ``cx``, top at ``y``; ``weight`` is the stroke on the grid."""
    scale = size / 14
    x = cx - width_of(text, size, gap=gap) / 2
    for letter in text:
        advance, data = GLYPHS[letter]
        if data:
            ink.raw(
                f'<path d="{data}" transform="translate({x:.1f} {y:.1f}) scale({scale:.3f})" fill="none" '
                f'stroke="{colour}" stroke-width="{weight:g}" stroke-linecap="round" stroke-linejoin="round"/>'
            )
        x += (advance + gap) * scale
