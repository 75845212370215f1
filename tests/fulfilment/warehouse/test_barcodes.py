"""Barcodes as bars: what was encoded is what a reader sees."""

from __future__ import annotations

import re

import pytest
from barcode import EAN8, EAN13
from hypothesis import example, given
from hypothesis import strategies as st

from fulfilment.warehouse.barcodes import code128_svg, ean_modules, ean_svg, is_ean, qr_svg
from tests.support import qr
from tests.support.zpl import decoded


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40))
@example("99")  # the library's own encoder drops these
@example("9912")
def test_a_barcode_can_be_read_back(code: str) -> None:
    assert decoded(code128_svg(code)) == code


@pytest.mark.parametrize("code", ["", "ä", "\x00", "x" * 41, "a\nb", "²²"])
def test_what_a_barcode_cannot_hold_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        code128_svg(code)


@pytest.mark.parametrize("gtin", ["4006381333931", "2010010010010", "0012345678905", "96385074"])
def test_an_ean_has_the_bars_that_the_library_draws(gtin: str) -> None:
    symbol = (EAN13 if len(gtin) == 13 else EAN8)(gtin)
    assert symbol.get_fullcode() == gtin
    assert ean_modules(gtin) == re.sub("G", "1", symbol.build()[0])
    assert len(ean_modules(gtin)) == (95 if len(gtin) == 13 else 67)
    assert f'viewBox="0 0 {len(ean_modules(gtin)) + 22} 1"' in ean_svg(gtin)


@pytest.mark.parametrize("code", ["4006381333930", "400638133393", "", "abc", "٤٠٠٦٣٨١٣٣٣٩٣١", "9" * 10_000])
def test_another_code_is_no_ean(code: str) -> None:
    assert not is_ean(code)
    with pytest.raises(ValueError, match="no GTIN"):
        ean_svg(code)


def test_a_qr_code_is_a_picture_without_a_size_of_its_own() -> None:
    assert re.search(r'<svg [^>]*viewBox="0 0 \d+ \d+"', qr_svg("A-01-1"))
    for text in ("", "x" * 121):
        with pytest.raises(ValueError, match="QR code"):
            qr_svg(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=25).map("R".__add__))
@example("R10001")  # letters and digits take another mode than the rest
def test_a_qr_code_can_be_read_back(text: str) -> None:
    assert qr.decoded(qr_svg(text)) == text
