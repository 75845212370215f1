"""Labels: the right count on the right place of the right paper, readable codes, hostile texts printed as texts."""

from __future__ import annotations

import io
import itertools

import pytest
from pypdf import PdfReader

from fulfilment.warehouse.stock import labels
from fulfilment.warehouse.stock.labels import (
    BARS,
    QR,
    ROLLS,
    SHEETS,
    CannotPrint,
    LabelText,
    sheet_count,
    sheets_pdf,
    singles_pdf,
    singles_zpl,
    symbol_for,
)
from tests.support.zpl import read

BINS = [LabelText(f"A-01-{n}", f"A-01-{n}", ("Main store · Zone A",)) for n in range(1, 31)]


def mm(page: object) -> list[float]:
    return [round(float(side) / 72 * 25.4, 1) for side in page.mediabox[2:]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("layout", SHEETS)
def test_labels_fill_sheets_from_the_start_position_on(layout: str) -> None:
    sheet = SHEETS[layout]
    pages = PdfReader(io.BytesIO(sheets_pdf(BINS, layout=layout, start=sheet.count))).pages
    assert len(pages) == sheet_count(len(BINS), layout=layout, start=sheet.count) == 1 + -(-29 // sheet.count)
    assert mm(pages[0]) == [210.0, 297.0]
    first, second = pages[0].extract_text(), pages[1].extract_text()
    assert "A-01-1" in first and "A-01-2" not in first, "one place was left on the first sheet"
    assert "A-01-2" in second


@pytest.mark.parametrize("layout", SHEETS)
def test_every_label_lies_on_the_paper_and_on_no_other(layout: str) -> None:
    sheet = SHEETS[layout]
    places = [sheet.place(n) for n in range(sheet.count)]
    assert len(set(places)) == sheet.count
    assert max(left for left, _top in places) + sheet.width <= 210
    assert max(top for _left, top in places) + sheet.height <= 297
    columns = sorted({left for left, _top in places})
    assert all(b - a >= sheet.width for a, b in itertools.pairwise(columns))


@pytest.mark.parametrize("roll", ROLLS)
def test_a_single_label_is_a_page_of_its_own_size(roll: str) -> None:
    pages = PdfReader(io.BytesIO(singles_pdf(BINS[:2], roll=roll))).pages
    assert len(pages) == 2 and mm(pages[0]) == list(ROLLS[roll])
    assert "A-01-1" in pages[0].extract_text()


@pytest.mark.parametrize("roll", ROLLS)
@pytest.mark.parametrize("dpi", [203, 300])
def test_a_single_label_for_a_label_printer_says_the_same(roll: str, dpi: int) -> None:
    article = LabelText("Hartwachs", "4006381333931", ("K2001",))
    bin, gtin = read(singles_zpl([BINS[0], article], roll=roll, dpi=dpi, copies=2))
    assert bin.texts("code128") == ["A-01-1"] and gtin.texts("ean") == ["4006381333931"]
    assert bin.copies == 2
    assert bin.texts()[0] == "A-01-1" and gtin.texts()[0] == "Hartwachs"
    for label in (bin, gtin):
        assert all(0 <= field.x < label.width and 0 <= field.y < label.height for field in label.fields)


def test_a_code_is_drawn_as_what_can_be_read_in_its_width() -> None:
    assert symbol_for("A-01-1", 44) == BARS
    assert symbol_for("4006381333931", 44) == "ean"
    assert symbol_for("A-01-1-QUITE-A-LONG-CODE-HERE", 44) == QR
    assert symbol_for("Größe-1", 44) == QR, "bars know no umlauts"
    assert symbol_for("A-01-1", 44, QR) == QR


@pytest.mark.parametrize("code", ["", "\x00", " A", "x" * 121, "\u202eA"])
def test_a_code_that_no_scanner_would_give_back_is_not_printed(code: str) -> None:
    with pytest.raises(CannotPrint):
        symbol_for(code, 60)
    with pytest.raises(CannotPrint):
        sheets_pdf([LabelText("x", code)], layout="3x8")


@pytest.mark.parametrize(
    "evil", ["^XZ~JA", '#read("/etc/passwd")', "\u202eevil", "🙂" * 90, "W" * 5000, "\x00"]
)
def test_hostile_texts_stay_text_on_labels(evil: str) -> None:
    label = [LabelText(evil, "A-01-1", (evil, evil, evil))]
    (page,) = PdfReader(io.BytesIO(sheets_pdf(label, layout="4x10"))).pages
    assert "root:" not in page.extract_text()
    assert len(read(singles_zpl(label, roll="57x32"))) == 1


@pytest.mark.parametrize("start", [0, -1, 25, 10**9])
def test_a_start_beside_the_sheet_is_refused(start: int) -> None:
    with pytest.raises(ValueError, match="no position"):
        sheets_pdf(BINS, layout="3x8", start=start)


def test_unknown_papers_none_and_too_many_labels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="no position"):
        sheets_pdf(BINS, layout="9x9")
    with pytest.raises(ValueError, match="no roll"):
        singles_zpl(BINS, roll="9x9")
    monkeypatch.setattr(labels, "LABELS_MAX", 29)
    for some in ([], BINS):
        with pytest.raises(ValueError, match="1 to 29 labels"):
            singles_pdf(some, roll="57x32")
