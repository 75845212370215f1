"""Labels for bins and articles: sheets of A4 (PDF), single ones for label printers (PDF and ZPL).

What a label says is the same everywhere; only its size differs. Codes that are too long for bars of that width become
a QR code, which every camera and most hand scanners read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from fulfilment.warehouse import barcodes
from fulfilment.warehouse.zpl import Label, clean, shortened
from shop.kernel import pdf

A4_MM = (210.0, 297.0)
LABELS_MAX = 2_000  #: in one file; more is a slip, and paper
BARS, QR = "bars", "qr"
FINEST_MODULE_MM = (
    0.19  #: thinner bars cannot be read by hand scanners (GS1 General Specifications ask for 0.25)
)
_LETTER_WIDTH = 0.55  #: of a bold letter, as a share of its size
_MM_PER_POINT = 25.4 / 72


class CannotPrint(ValueError):
    """The code cannot be a barcode; the text names it."""


@dataclass(frozen=True, slots=True)
class LabelText:
    """What one label says: a heading read from afar, smaller lines, and the code that is scanned."""

    heading: str
    code: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of A4 as shops sell it, in millimetres: columns and rows of labels, margins, and gaps between them."""

    columns: int
    rows: int
    width: float
    height: float
    left: float = 0.0
    top: float = 0.0
    gap_x: float = 0.0
    gap_y: float = 0.0

    @property
    def count(self) -> int:
        """Labels on one sheet."""
        return self.columns * self.rows

    def place(self, position: int) -> tuple[float, float]:
        """Left and top of the label at a position (from 0, line by line)."""
        row, column = divmod(position, self.columns)
        return (
            round(self.left + column * (self.width + self.gap_x), 2),
            round(self.top + row * (self.height + self.gap_y), 2),
        )


def sheet_words(name: str, sheet: Sheet) -> str:
    """A layout as people choose it, with its measures in the reader's form: 4 × 10 (52,5 × 29,7 mm)."""
    width, height = (formats.number_format(Decimal(f"{side:g}")) for side in (sheet.width, sheet.height))
    return f"{name.replace('x', ' × ')} ({width} × {height} mm)"


#: Layouts by name, as the packets call them: columns x rows, then the label's size.
SHEETS: dict[str, Sheet] = {
    "3x8": Sheet(3, 8, 70, 36, top=4.5),
    "4x10": Sheet(4, 10, 52.5, 29.7),
    "3x7": Sheet(3, 7, 63.5, 38.1, left=7.25, top=15.15, gap_x=2.5),
    "2x7": Sheet(2, 7, 99.1, 38.1, left=4.65, top=15.15, gap_x=2.5),
    "2x4": Sheet(2, 4, 105, 74),
}
SHEET_CHOICES = [(name, lazy(sheet_words, str)(name, sheet)) for name, sheet in SHEETS.items()]
#: Rolls of label printers by name: width and height in mm.
ROLLS: dict[str, tuple[float, float]] = {
    "57x32": (57, 32),
    "76x51": (76, 51),
    "100x50": (100, 50),
    "100x150": (100, 150),
}
ROLL_CHOICES = [(name, f"{name.replace('x', ' × ')} mm") for name in ROLLS]
SYMBOL_CHOICES = [(BARS, _("bars (Code 128, EAN)")), (QR, _("QR code"))]


def sheets_pdf(labels: Sequence[LabelText], *, layout: str, start: int = 1, symbol: str = BARS) -> bytes:
    """Labels on sheets of A4.

    layout: a key of SHEETS; start: position of the first label on the first sheet, from 1 (earlier ones are used up).
    CannotPrint when a code is no barcode; ValueError for an unknown layout, a start beside the sheet or too many.
    """
    sheet = SHEETS.get(layout)
    if sheet is None or not 1 <= start <= sheet.count:
        raise ValueError(f"no position {start} on a sheet {layout!r}")
    pages: list[list[dict[str, Any]]] = []
    drawn = [_drawing(label, sheet.width, sheet.height, symbol) for label in _some(labels)]
    for number, cell in enumerate(drawn, start - 1):
        if not pages or number % sheet.count == 0:
            pages.append([])
        left, top = sheet.place(number % sheet.count)
        pages[-1].append({"x": left, "y": top, **cell})
    return _pdf(A4_MM, (sheet.width, sheet.height), pages)


def sheet_count(labels: int, *, layout: str, start: int = 1) -> int:
    """Sheets that so many labels take, beginning at a position."""
    return -(-(labels + start - 1) // SHEETS[layout].count)


def singles_pdf(labels: Sequence[LabelText], *, roll: str, symbol: str = BARS) -> bytes:
    """One page per label, in the size of a roll. Errors as ``sheets_pdf``."""
    width, height = _roll(roll)
    pages = [[{"x": 0, "y": 0, **_drawing(label, width, height, symbol)}] for label in _some(labels)]
    return _pdf((width, height), (width, height), pages)


def singles_zpl(
    labels: Sequence[LabelText], *, roll: str, dpi: int = 203, copies: int = 1, symbol: str = BARS
) -> str:
    """Labels for a label printer, each ``copies`` times. Errors as ``sheets_pdf``; ValueError for another dpi."""
    width, height = _roll(roll)
    return "".join(
        _zpl(label, Label(width_mm=width, height_mm=height, dpi=dpi), copies, symbol)
        for label in _some(labels)
    )


def symbol_for(code: str, width_mm: float, wanted: str = BARS) -> str:
    """What a code is drawn as in a width: ``ean``, ``bars`` or ``qr``. CannotPrint when it can be none of them."""
    if not code or code != clean(code) or len(code) > barcodes.QR_MAX_CHARS:
        raise CannotPrint(code[:60])
    if wanted == QR:
        return QR
    try:
        is_ean = barcodes.is_ean(code)
        modules = len(barcodes.ean_modules(code) if is_ean else barcodes.code128_modules(code)) + 22
    except ValueError:
        return QR
    if width_mm / modules < FINEST_MODULE_MM:
        return QR
    return "ean" if is_ean else BARS


def _some(labels: Sequence[LabelText]) -> Sequence[LabelText]:
    if not 1 <= len(labels) <= LABELS_MAX:
        raise ValueError(f"1 to {LABELS_MAX} labels, not {len(labels)}")
    return labels


def _roll(name: str) -> tuple[float, float]:
    if name not in ROLLS:
        raise ValueError(f"no roll {name!r}")
    return ROLLS[name]


def _padding(width: float) -> float:
    """White around the text: printers cannot print at the very edge, and cutters are not exact."""
    return 4.0 if width > 60 else 3.5


def _drawing(label: LabelText, width: float, height: float, symbol: str) -> dict[str, Any]:
    """A label as data for label_sheet.typ."""
    padding = _padding(width)
    inner = width - 2 * padding
    kind = symbol_for(label.code, inner, symbol)
    side = min(height - 2 * padding, inner * 0.45)
    text_width = inner - side - 2 if kind == QR else inner
    draw = {"ean": barcodes.ean_svg, BARS: barcodes.code128_svg, QR: barcodes.qr_svg}[kind]
    heading = " ".join(label.heading.split())
    size, small = _fitting(heading, text_width, height), 7.0 if height < 35 else 8.5
    lines = [shortened(" ".join(line.split()), 60) for line in label.lines if line.strip()]
    # Line heights are those of label_sheet.typ; the bars get what the words leave, and no more than looks well.
    words = (size * 1.25 + len(lines) * small * 1.55 + small * 1.3) * _MM_PER_POINT + 1.5
    return {
        "kind": kind,
        "heading": shortened(heading, max(8, int(text_width / (size * _MM_PER_POINT * _LETTER_WIDTH * 0.9)))),
        "size": size,
        "lines": lines,
        "small": small,
        "code": label.code,
        "code_svg": draw(label.code),
        "bars_width": round(min(inner, _comfortable(label.code, kind)), 1),
        "bars_height": round(max(5.0, min(height * 0.34, height - 2 * padding - words)), 1),
        "side": round(side, 1),
    }


def _comfortable(code: str, kind: str) -> float:
    """A width in which a code is easily read, in mm; wider is only harder to aim at."""
    if kind == QR:
        return 0.0
    modules = len(barcodes.ean_modules(code) if kind == "ean" else barcodes.code128_modules(code)) + 22
    return modules * (0.36 if kind == "ean" else 0.5)


def _fitting(text: str, width: float, height: float) -> float:
    """Size of the heading in points: as large as fits into one line, at least what can be read."""
    most = height * 0.25 / _MM_PER_POINT
    fits = width / (max(len(text), 1) * _LETTER_WIDTH) / _MM_PER_POINT
    return round(max(9.0, min(most, fits, 40.0)), 1)


def _pdf(page: tuple[float, float], label: tuple[float, float], pages: list[list[dict[str, Any]]]) -> bytes:
    data = {
        "letter": {"title": str(_("Labels")), "brand": "Kontor"},
        "page": {"width": page[0], "height": page[1]},
        "label": {"width": label[0], "height": label[1], "padding": _padding(label[0])},
        "pages": pages,
    }
    return pdf.render(pdf.DOCUMENTS / "label_sheet.typ", data)


def _zpl(label: LabelText, paper: Label, copies: int, symbol: str) -> str:
    padding = _padding(paper.width_mm)
    inner, height = paper.width_mm - 2 * padding, paper.height_mm
    kind = symbol_for(label.code, inner, symbol)
    side = min(height - 2 * padding, inner * 0.45)
    text_width = inner - side - 2 if kind == QR else inner
    y = padding
    letters = min(_fitting(clean(label.heading), text_width, height) * _MM_PER_POINT, height * 0.19)
    paper.text(padding, y, label.heading, height_mm=letters, width_mm=text_width)
    y += letters + 1
    small = 2.6 if height < 35 else 3.2
    bars_height = min(height * 0.3, 30.0)
    bars_top = height - padding - bars_height - small - 1
    for line in label.lines:
        if y + small <= (height - padding - small - 1 if kind == QR else bars_top):
            paper.text(padding, y, line, height_mm=small, width_mm=text_width)
            y += small + 0.6
    if kind == QR:
        paper.qr(padding + inner - side, padding, label.code, size_mm=side)
        paper.text(padding, height - padding - small, label.code, height_mm=small, width_mm=text_width)
    else:
        if kind == "ean":
            paper.ean(padding, bars_top, label.code, height_mm=bars_height, width_mm=inner)
        else:
            paper.code128(padding, bars_top, label.code, height_mm=bars_height, width_mm=inner)
        paper.text(padding, height - padding - small, label.code, height_mm=small, width_mm=inner)
    return paper.zpl(copies)
