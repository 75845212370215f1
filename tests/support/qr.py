"""Reads a QR code of ours back as a camera would: modules of the picture, mask, codewords, text (ISO/IEC 18004).

Versions 1 and 2 with error correction M, which our numbers need; what is damaged is not mended but refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
ALPHANUMERIC_MODE, BYTE_MODE = 0b0010, 0b0100
DATA_CODEWORDS = {21: 16, 25: 28}  #: side -> codewords of data at level M, in one block
FINDER, TIMING = 8, 6  #: modules that a finder takes with its edge; the row and column of the timing pattern
LEVEL_M, FORMAT_MASK = 0b00, 0b101010000010010
MASKS = (
    lambda r, c: (r + c) % 2,
    lambda r, c: r % 2,
    lambda r, c: c % 3,
    lambda r, c: (r + c) % 3,
    lambda r, c: (r // 2 + c // 3) % 2,
    lambda r, c: r * c % 2 + r * c % 3,
    lambda r, c: (r * c % 2 + r * c % 3) % 2,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2,
)


def decoded(svg: str) -> str:
    """The text of a QR code drawn as SVG. AssertionError for a picture that is none, or has no quiet zone."""
    modules = _modules(svg)
    side = len(modules)
    assert side in DATA_CODEWORDS, f"a QR code of {side} modules"
    head = [modules[FINDER][c] for c in (0, 1, 2, 3, 4, 5, 7, 8)] + [
        modules[r][FINDER] for r in (7, 5, 4, 3, 2, 1, 0)
    ]
    form = _number(head) ^ FORMAT_MASK
    assert form >> 13 == LEVEL_M, "another error correction than M"
    mask = MASKS[form >> 10 & 0b111]
    bits = [modules[r][c] ^ (not mask(r, c)) for r, c in _path(side)]
    return _text(bits[: 8 * DATA_CODEWORDS[side]])


def _modules(svg: str) -> list[list[int]]:
    found = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    drawn = re.search(r'class="qrline"[^>]* d="([^"]+)"', svg)
    assert found and drawn, "no QR code"
    side = int(found[1])
    black: set[tuple[int, int]] = set()
    x = y = 0.0
    for verb, first, second in re.findall(r"([Mmh])(-?[\d.]+) ?(-?[\d.]+)?", drawn[1]):
        if verb == "h":
            black |= {(int(y), int(x) + step) for step in range(int(first))}
            x += int(first)
        else:
            x, y = (float(first), float(second)) if verb == "M" else (x + float(first), y + float(second))
    edge = min(row for row, _column in black)
    assert edge == min(column for _row, column in black) == 4, (
        "a reader needs four modules of white around it"
    )
    inner = range(edge, side - edge)
    return [[int((row, column) in black) for column in inner] for row in inner]


def _path(side: int) -> Iterator[tuple[int, int]]:
    """Every module of data, in the order of its bits: two columns at a time from the right, up and down in turn."""
    up = True
    for right in [*range(side - 1, TIMING, -2), *range(TIMING - 1, 0, -2)]:
        for row in range(side - 1, -1, -1) if up else range(side):
            yield from ((row, column) for column in (right, right - 1) if not _is_pattern(row, column, side))
        up = not up


def _is_pattern(row: int, column: int, side: int) -> bool:
    far = side - FINDER
    finder = (row <= FINDER and (column <= FINDER or column >= far)) or (row >= far and column <= FINDER)
    centre = side - 7  # version 2 has one pattern of alignment
    aligned = side > 21 and abs(row - centre) <= 2 and abs(column - centre) <= 2
    return finder or aligned or TIMING in (row, column)


def _number(bits: list[int]) -> int:
    return int("".join(map(str, bits)), 2)


def _text(bits: list[int]) -> str:
    mode, rest = _number(bits[:4]), bits[4:]
    if mode == BYTE_MODE:
        count, rest = _number(rest[:8]), rest[8:]
        return bytes(_number(rest[8 * at : 8 * at + 8]) for at in range(count)).decode()
    assert mode == ALPHANUMERIC_MODE, f"mode {mode}"
    count, rest = _number(rest[:9]), rest[9:]
    found = ""
    for at in range(0, count - 1, 2):
        pair, rest = _number(rest[:11]), rest[11:]
        found += ALPHANUMERIC[pair // 45] + ALPHANUMERIC[pair % 45]
    return found + (ALPHANUMERIC[_number(rest[:6])] if count % 2 else "")
