"""Barcodes as bars: Code 128 for numbers of our own, EAN for GTINs, QR for a camera. As modules and as SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.encoding import force_str
from stdnum import ean

from shop.kernel.few_use import segno
from shop.kernel.late import late

if TYPE_CHECKING:
    from barcode.charsets import code128
    from barcode.charsets import ean as ean_bars
else:  # the library loads a typesetter for pictures with its tables
    code128 = late("barcode.charsets.code128")
    ean_bars = late("barcode.charsets.ean")

CODE_MAX_CHARS = 40  #: characters of a Code 128; more is too wide for any label
QR_MAX_CHARS = 120
_CODE128_QUIET = 10  # modules of white on either side, ISO/IEC 15417
_EAN_QUIET = 11  # ISO/IEC 15420, on the side that needs more
_START_B, _START_C, _CHECK_MODULUS, _STOP = 104, 105, 103, "1100011101011"  # ISO/IEC 15417
_EAN_EDGE, _EAN_MIDDLE = "101", "01010"
EAN_8, EAN_13 = 8, 13


def code128_is_pairs(code: str) -> bool:
    """Whether a code is encoded as pairs of digits (character set C), which halves its width."""
    return code.isdigit() and len(code) % 2 == 0


def check_code128(code: str) -> str:
    """The code, when Code 128 can hold it: 1 to 40 printable ASCII characters. Raises ValueError otherwise."""
    if not 0 < len(code) <= CODE_MAX_CHARS or any(not " " <= char <= "~" for char in code):
        raise ValueError(
            f"a barcode holds 1 to {CODE_MAX_CHARS} printable ASCII characters, not {code[:60]!r}"
        )
    return code


def code128_modules(code: str) -> str:
    """The bars of a code as 1 and 0, without quiet zones: digits in pairs where all are digits, else one by one.

    The symbols are the library's, the choice of character set is ours: the library's own drops a leading "99".
    Checksum: start value plus each value times its place, modulo 103 (ISO/IEC 15417). ValueError as check_code128.
    """
    if code128_is_pairs(check_code128(code)):
        values = [_START_C, *(int(code[at : at + 2]) for at in range(0, len(code), 2))]
    else:
        values = [_START_B, *(ord(char) - ord(" ") for char in code)]
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % _CHECK_MODULUS
    return "".join(code128.CODES[value] for value in [*values, check]) + _STOP


def code128_svg(code: str) -> str:
    """``code`` as Code 128 in SVG: one unit per module, with the quiet zones, to be stretched to size.

    code: 1 to 40 printable ASCII characters. Raises ValueError otherwise.
    """
    return _svg(code128_modules(code), _CODE128_QUIET)


def is_ean(code: str) -> bool:
    """Whether the code is a GTIN that shops scan as EAN-13 or EAN-8, with a right check digit."""
    return len(code) in (EAN_8, EAN_13) and code.isascii() and bool(ean.is_valid(code))


def ean_modules(gtin: str) -> str:
    """The bars of a GTIN-13 or GTIN-8 as 1 and 0, without quiet zones (ISO/IEC 15420). ValueError for another code."""
    if not is_ean(gtin):
        raise ValueError(f"no GTIN-13 or GTIN-8: {gtin[:60]!r}")
    half = len(gtin) // 2
    if len(gtin) == EAN_13:
        # The first digit has no bars of its own: it says in which of two sets each digit of the left half is drawn.
        left, sets = gtin[1 : half + 1], ean_bars.LEFT_PATTERN[int(gtin[0])]
        right = gtin[half + 1 :]
    else:
        left, sets, right = gtin[:half], "A" * half, gtin[half:]
    bars = "".join(ean_bars.CODES[chosen][int(digit)] for chosen, digit in zip(sets, left, strict=True))
    return (
        _EAN_EDGE
        + bars
        + _EAN_MIDDLE
        + "".join(ean_bars.CODES["C"][int(digit)] for digit in right)
        + _EAN_EDGE
    )


def ean_svg(gtin: str) -> str:
    """A GTIN as EAN-13 or EAN-8 in SVG, as ``code128_svg``. ValueError for another code."""
    return _svg(ean_modules(gtin), _EAN_QUIET)


def qr_svg(text: str) -> str:
    """A QR code (error correction M) in SVG with its quiet zone. ValueError for nothing or over 120 characters."""
    if not 0 < len(text) <= QR_MAX_CHARS:
        raise ValueError(f"a QR code of ours holds 1 to {QR_MAX_CHARS} characters")
    picture = io.BytesIO()
    segno.make(text, error="m", boost_error=False, micro=False, encoding="utf-8").save(
        picture, kind="svg", xmldecl=False, light="#fff", border=4, omitsize=True
    )
    return force_str(picture.getvalue())


def _svg(modules: str, quiet: int) -> str:
    width = len(modules) + 2 * quiet
    bars = "".join(f"M{start + quiet} 0h{length}v1h-{length}z" for start, length in _runs(modules))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 1" preserveAspectRatio="none">'
        f'<path fill="#fff" d="M0 0h{width}v1H0z"/><path d="{bars}"/></svg>'
    )


def _runs(modules: str) -> Iterator[tuple[int, int]]:
    """Start and length of each black bar."""
    at = 0
    while (start := modules.find("1", at)) >= 0:
        at = modules.find("0", start)
        at = len(modules) if at < 0 else at
        yield start, at - start
