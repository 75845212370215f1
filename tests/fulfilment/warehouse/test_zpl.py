"""What our ZPL says is what a printer reads: places, texts of any kind, barcodes. Nobody's name is a command."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fulfilment.warehouse.zpl import COPIES_MAX, Label, clean, escaped
from tests.support.zpl import read

EVIL = [
    "^XZ^XA^FDother",
    "~JA",
    "~DGR:X.GRF,1,1,FF",
    "_5EXZ",
    "^FS^FO0,0^GB800,800,800^FS",
    "\\&second line\\",
    "\x00\x1b\x10",
    "\u202eevil",
    "\ud800",
    "Müller & Söhne, „Größe“ 42",
    "中文 🙂",
    ">:><>0",
]


def label(**size: float) -> Label:
    return Label(**({"width_mm": 100, "height_mm": 50} | size))  # type: ignore[arg-type]


def test_sizes_and_places_are_millimetres_at_both_resolutions() -> None:
    for dpi, per_mm in ((203, 8), (300, 12)):
        one = label(dpi=dpi)
        one.text(10, 5, "Elbe", height_mm=4)
        one.box(0, 0, 100, 0.3)
        (seen,) = read(one.zpl(copies=3))
        assert (seen.width, seen.height, seen.copies) == (100 * per_mm, 50 * per_mm, 3)
        text, line = seen.fields
        assert (text.x, text.y, text.text) == (10 * per_mm, 5 * per_mm, "Elbe")
        assert text.commands["A0"] == f"N,{4 * per_mm},{4 * per_mm}"
        assert line.text == f"{100 * per_mm},{round(0.3 * per_mm)},{round(0.3 * per_mm)}"


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("block", [None, 90])
def test_hostile_texts_are_printed_and_never_obeyed(text: str, block: float | None) -> None:
    one = label()
    one.text(1, 1, text, height_mm=3, width_mm=block, lines=2)
    one.text(1, 20, "after", height_mm=3)
    (seen,) = read(one.zpl())
    wanted = [clean(text), "after"] if clean(text) else ["after"]
    assert seen.texts() == wanted


@given(st.text(max_size=60))
@example("_41")
@example("\\\\")
def test_any_text_can_be_read_back(text: str) -> None:
    one = label()
    one.text(1, 1, text, height_mm=1)
    one.text(1, 9, text, height_mm=1, width_mm=99, lines=4)
    (seen,) = read(one.zpl())
    assert seen.texts() == ([clean(text)] * 2 if clean(text) else [])


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40))
@example("^XZ")
@example(">;~<")
@example("9912")
def test_any_code_is_read_back_from_its_barcode(code: str) -> None:
    one = Label(width_mm=100, height_mm=50, dpi=300)
    one.code128(0, 5, code, height_mm=20, width_mm=100)
    (seen,) = read(one.zpl())
    assert seen.texts("code128") == [code]


def test_pairs_of_digits_make_a_barcode_half_as_wide() -> None:
    one = label()
    one.code128(0, 0, "12345678", height_mm=10, width_mm=100, module_mm=0.25)
    one.code128(0, 20, "123456789", height_mm=10, width_mm=100, module_mm=0.25)
    (seen,) = read(one.zpl())
    assert [field.commands["FD"] for field in seen.fields] == [">;12345678", ">:123456789"]


def test_a_barcode_takes_the_room_there_is_with_its_quiet_zones() -> None:
    wide, narrow = label(), label()
    wide.code128(0, 0, "A-01-1", height_mm=10, width_mm=100)
    narrow.code128(0, 0, "A-01-1", height_mm=10, width_mm=18)
    modules = [int(read(one.zpl())[0].fields[0].commands["BY"]) for one in (wide, narrow)]
    assert modules == [4, 1]
    assert read(wide.zpl())[0].fields[0].x == 40, "ten modules of white on the left"
    with pytest.raises(ValueError, match="too little for the barcode"):
        label().code128(0, 0, "A-01-1-VERY-LONG", height_mm=10, width_mm=10)


@pytest.mark.parametrize("code", ["", "Größe", "x" * 41, "\x00"])
def test_what_a_barcode_cannot_hold_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        label().code128(0, 0, code, height_mm=10, width_mm=100)


@pytest.mark.parametrize("gtin", ["4006381333931", "96385074"])
def test_a_gtin_is_an_ean(gtin: str) -> None:
    one = label()
    one.ean(0, 0, gtin, height_mm=20, width_mm=50)
    assert read(one.zpl())[0].texts("ean") == [gtin]
    with pytest.raises(ValueError, match="no GTIN"):
        one.ean(0, 0, gtin[:-1] + "0", height_mm=20, width_mm=50)


def test_a_qr_code_fits_its_square() -> None:
    one = label()
    one.qr(0, 0, "Größe^XZ_", size_mm=20)
    assert read(one.zpl())[0].texts("qr") == ["Größe^XZ_"]
    with pytest.raises(ValueError, match="too little for a QR code"):
        one.qr(0, 0, "Größe", size_mm=2)


def test_what_does_not_fit_a_block_ends_in_an_ellipsis() -> None:
    one = label()
    one.text(0, 0, "word " * 80, height_mm=4, width_mm=50, lines=2)
    text = read(one.zpl())[0].texts()[0]
    assert text.endswith("…") and len(text) < 50


@pytest.mark.parametrize(
    ("width", "height", "dpi"),
    [(0, 5, 203), (-1, 5, 203), (9999, 5, 203), (5, float("nan"), 203), (5, 5, 200)],
)
def test_impossible_labels_are_refused(width: float, height: float, dpi: int) -> None:
    with pytest.raises(ValueError, match="label"):
        Label(width_mm=width, height_mm=height, dpi=dpi)


@pytest.mark.parametrize("copies", [0, -1, COPIES_MAX + 1])
def test_impossible_copies_are_refused(copies: int) -> None:
    with pytest.raises(ValueError, match="copies"):
        label().zpl(copies)


def test_places_outside_of_any_label_are_refused() -> None:
    with pytest.raises(ValueError, match="no length on a label"):
        label().text(-1, 0, "x", height_mm=3)
    with pytest.raises(ValueError, match="no length on a label"):
        label().text(0, float("inf"), "x", height_mm=3)


def test_escaping_leaves_no_mark_of_a_command() -> None:
    assert escaped("^~_\\") == "_5E_7E_5F_5C"
    assert escaped("\\", block=True) == "_5C_5C"
