"""Labels for label printers: a small writer of ZPL II. Places and sizes in millimetres, texts as UTF-8.

What a text contains can never become a command: in field data every character but letters, digits and a few
harmless marks is written as the hexadecimal bytes of its UTF-8 (``^FH``), so a customer called ``^XZ~JA`` is printed
by that name.

    label = Label(width_mm=105, height_mm=148, dpi=203)
    label.text(5, 5, "Schöne Straße 1", height_mm=4, width_mm=95, lines=2)
    label.code128(5, 60, "KT0000000018", height_mm=25, width_mm=95)
    label.zpl(copies=1)
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Literal

from . import barcodes

DPI = {203: 8, 300: 12}  #: resolutions of printers, and what they call dots per millimetre
TEXT_MAX_CHARS = 500
LINES_MAX = 20
SIDE_MAX_MM = 400
COPIES_MAX = 500
MODULE_MAX_DOTS = 10  #: the widest narrow bar that ^BY takes
QR_MAX_DOTS = 10  #: the largest magnification that ^BQ takes

_HARMLESS = re.compile(r"[A-Za-z0-9 .,:;/()+=*'\"!?#%&@-]")
# Characters that Code 128 fields of ZPL write as two.
_CODE128_ESCAPES = {">": ">0", "^": "><", "~": ">="}
_BIDI = {chr(code) for code in (0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
Align = Literal["left", "centre", "right"]
_ALIGN = {"left": "L", "centre": "C", "right": "R"}


class Label:
    """One label that is drawn from the top left corner. Writers raise ValueError for what does not fit."""

    def __init__(self, *, width_mm: float, height_mm: float, dpi: int = 203) -> None:
        """width_mm, height_mm: of the paper, up to 400; dpi: 203 or 300."""
        if dpi not in DPI:
            raise ValueError(f"label printers print with {sorted(DPI)} dpi, not {dpi}")
        if not (0 < width_mm <= SIDE_MAX_MM and 0 < height_mm <= SIDE_MAX_MM):
            raise ValueError(f"a label measures 1 to {SIDE_MAX_MM} mm, not {width_mm} x {height_mm}")
        self.width_mm, self.height_mm, self.dpi = width_mm, height_mm, dpi
        self._fields: list[str] = []

    def text(
        self,
        x_mm: float,
        y_mm: float,
        text: str,
        *,
        height_mm: float,
        width_mm: float | None = None,
        lines: int = 1,
        align: Align = "left",
    ) -> None:
        """Letters of ``height_mm`` with the top left corner at x, y. Line ends become blanks; nothing for no text.

        width_mm: breaks the text into at most ``lines`` lines of that width and aligns it. What is more is left out;
        the printer itself would print it over the last line.
        """
        words = clean(text)
        if not words:
            return
        size = self.dots(height_mm)
        block, data = "", escaped(words)
        if width_mm is not None:
            if not 1 <= lines <= LINES_MAX:
                raise ValueError(f"a block has 1 to {LINES_MAX} lines")
            room = int(width_mm / height_mm * _LETTERS_PER_HEIGHT) * lines
            data = escaped(shortened(words, max(room, 1)), block=True)
            block = f"^FB{self.dots(width_mm)},{lines},0,{_ALIGN[align]},0"
        self._field(x_mm, y_mm, f"^A0N,{size},{size}{block}", data)

    def code128(
        self,
        x_mm: float,
        y_mm: float,
        code: str,
        *,
        height_mm: float,
        width_mm: float,
        module_mm: float = 0.5,
        centred: bool = False,
    ) -> None:
        """``code`` as Code 128 without text, as wide as fits into ``width_mm`` with quiet zones.

        module_mm: widest narrow bar that is wanted; centred: in the width rather than to the left.
        ValueError when it cannot be encoded (see barcodes.check_code128) or would be too fine to be read.
        """
        modules = len(barcodes.code128_modules(code))
        start = ">;" if barcodes.code128_is_pairs(code) else ">:"
        data = start + "".join(_CODE128_ESCAPES.get(char, char) for char in code)
        module = self._module(modules + 20, width_mm, module_mm, code)
        left = x_mm * self.per_mm + (
            (width_mm * self.per_mm - modules * module) / 2 if centred else 10 * module
        )
        style = f"^BY{module}^BCN,{self.dots(height_mm)},N,N,N,N"
        self._field(left / self.per_mm, y_mm, style, _escape_code(data))

    def ean(
        self,
        x_mm: float,
        y_mm: float,
        gtin: str,
        *,
        height_mm: float,
        width_mm: float,
        module_mm: float = 0.33,
    ) -> None:
        """A GTIN as EAN-13 or EAN-8 without text, as ``code128``. ValueError for another code or too little room."""
        modules = len(barcodes.ean_modules(gtin))
        module = self._module(modules + 22, width_mm, module_mm, gtin)
        command = "^BE" if len(gtin) == barcodes.EAN_13 else "^B8"
        # The printer adds the check digit itself.
        style = f"^BY{module}{command}N,{self.dots(height_mm)},N,N"
        self._field(x_mm + 11 * module / self.per_mm, y_mm, style, escaped(gtin[:-1]))

    def qr(self, x_mm: float, y_mm: float, text: str, *, size_mm: float) -> None:
        """A QR code (error correction M) that fits into a square of ``size_mm``. ValueError for nothing or too much."""
        words = clean(text)
        modules = _qr_modules(words)
        module = min(int(size_mm * self.per_mm / modules), QR_MAX_DOTS)
        if module < 2:
            raise ValueError(f"{size_mm} mm are too little for a QR code of {len(words)} characters")
        # MA: correction M, kind of data found by the printer.
        self._field(x_mm, y_mm, f"^BQN,2,{module}", "MA," + escaped(words))

    def box(
        self, x_mm: float, y_mm: float, width_mm: float, height_mm: float, *, line_mm: float = 0.3
    ) -> None:
        """A frame; a line when one side is not thicker than ``line_mm``."""
        thick = max(1, self.dots(line_mm))
        sides = (max(thick, self.dots(width_mm)), max(thick, self.dots(height_mm)))
        self._fields.append(f"{self._origin(x_mm, y_mm)}^GB{sides[0]},{sides[1]},{thick}^FS")

    def zpl(self, copies: int = 1) -> str:
        """The whole label as pure ASCII, ready for the printer. copies: 1 to 500."""
        if not 1 <= copies <= COPIES_MAX:
            raise ValueError(f"1 to {COPIES_MAX} copies")
        head = f"^XA^CI28^PW{self.dots(self.width_mm)}^LL{self.dots(self.height_mm)}^LH0,0"
        return "\n".join([head, *self._fields, f"^PQ{copies}", "^XZ", ""])

    @property
    def per_mm(self) -> int:
        """Dots per millimetre."""
        return DPI[self.dpi]

    def dots(self, mm: float) -> int:
        """Millimetres as whole dots of this printer. ValueError when they are no length or outside of any label."""
        if not math.isfinite(mm) or not 0 <= mm <= SIDE_MAX_MM:
            raise ValueError(f"{mm} mm are no length on a label")
        return round(mm * self.per_mm)

    def _module(self, modules: int, width_mm: float, module_mm: float, code: str) -> int:
        """Width of the narrow bar in dots: as wanted, or what fits."""
        widest = max(1, min(self.dots(module_mm), MODULE_MAX_DOTS))
        fits = min(widest, self.dots(width_mm) // modules)
        if fits < 1:
            raise ValueError(f"{width_mm} mm are too little for the barcode {code!r}")
        return fits

    def _origin(self, x_mm: float, y_mm: float) -> str:
        return f"^FO{self.dots(x_mm)},{self.dots(y_mm)}"

    def _field(self, x_mm: float, y_mm: float, style: str, data: str) -> None:
        self._fields.append(f"{self._origin(x_mm, y_mm)}{style}^FH_^FD{data}^FS")


#: Letters of the printer's font 0 that fit into a line as long as the letters are high; measured on capitals.
_LETTERS_PER_HEIGHT = 1.75


def clean(text: str) -> str:
    """A text as one line: no control characters, no marks that turn the direction, blanks put together."""
    kept = (" " if char.isspace() else char for char in unicodedata.normalize("NFC", str(text)))
    line = "".join(
        char
        for char in kept
        if unicodedata.category(char) not in ("Cc", "Cs", "Cn", "Co") and char not in _BIDI
    )
    return " ".join(line.split())[:TEXT_MAX_CHARS]


def shortened(text: str, most: int) -> str:
    """The text with at most ``most`` characters, with an ellipsis where something was left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def escaped(text: str, *, block: bool = False) -> str:
    """Field data for ``^FH_^FD``: harmless ASCII as it is, all else as ``_`` and two hexadecimal digits per byte.

    block: of a ``^FB`` field, where a backslash begins a control of its own and is doubled.
    """
    words = text.replace("\\", "\\\\") if block else text
    return "".join(
        char if _HARMLESS.fullmatch(char) else "".join(f"_{byte:02X}" for byte in char.encode("utf-8"))
        for char in words
    )


def _escape_code(data: str) -> str:
    """Data of a Code 128: ``>`` and ``<`` belong to it, ``^`` and ``~`` are gone, the rest as in a text."""
    return "".join(char if char in "<>" else escaped(char) for char in data)


def _qr_modules(text: str) -> int:
    """Modules of one side with the quiet zone of four on either side."""
    picture = barcodes.qr_svg(text)
    found = re.search(r'viewBox="0 0 (\d+) ', picture)
    return int(found[1]) if found else 0
