"""The typesetter: data stays data, any text can be printed, nothing is fetched."""

from __future__ import annotations

import datetime as dt
import io
import time

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from shop.kernel import pdf

MOMENT = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("templates") / "plain.typ"
    path.write_text(
        '#let d = json(bytes(sys.inputs.data))\n#set document(title: "t")\n'
        '#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), lang: d.lang)\n#d.words',
        encoding="utf-8",
    )
    return path


def words(data: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).replace("\u200b", "")


@given(st.text(st.characters(), max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_printed_as_pdf_a(template, text):
    assert pdf.render(template, {"words": text}, standard="a-3b", moment=MOMENT).startswith(b"%PDF-1.7")


def test_markup_is_printed_and_not_obeyed(template):
    evil = '#read("/etc/passwd") #import "x" $1/0$ @a <b>'
    assert words(pdf.render(template, {"words": evil}, moment=MOMENT)) == evil


def test_unknown_glyphs_become_a_box_and_the_rest_stays(template):
    text = words(pdf.render(template, {"words": "Łódź Ωμέγα Москва שלום 中"}, standard="a-3b", moment=MOMENT))
    assert "Łódź Ωμέγα Москва" in text and pdf.REPLACEMENT in text and "中" not in text


def test_marks_that_turn_the_reading_order_are_dropped(template):
    assert words(pdf.render(template, {"words": "a\u202eb\u2066c\u200f"}, moment=MOMENT)) == "abc"


def test_a_text_made_to_be_slow_is_not_slow(template):
    rare = "".join(chr(code) for code in range(0x4E00, 0x9FFF))
    before = time.process_time()
    pdf.render(template, {"words": rare}, standard="a-3b", moment=MOMENT)
    assert time.process_time() - before < 5


def test_a_long_word_may_break_but_keeps_its_letters(template):
    data = pdf.render(template, {"words": "W" * 500}, moment=MOMENT)
    assert words(data).replace("\n", "") == "W" * 500


def test_the_same_data_at_the_same_moment_gives_the_same_bytes(template):
    first, second = (pdf.render(template, {"words": "x"}, standard="a-3b", moment=MOMENT) for _ in range(2))
    assert first == second


def test_accessible_pdf_can_be_asked_for(template):
    assert b"pdfuaid" in pdf.render(template, {"words": "x"}, standard="ua-1", moment=MOMENT)


def test_a_wrong_template_is_an_error(tmp_path):
    broken = tmp_path / "broken.typ"
    broken.write_text("#nonsense()")
    with pytest.raises(typst.TypstError):
        pdf.render(broken, {}, moment=MOMENT)


def test_a_template_cannot_leave_its_folder(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    template = inner / "a.typ"
    template.write_text('#read("../secret.txt")')
    with pytest.raises(typst.TypstError):
        pdf.render(template, {}, moment=MOMENT)


def test_the_network_is_never_asked_for_packages(tmp_path):
    template = tmp_path / "a.typ"
    template.write_text('#import "@preview/cetz:0.3.0"')
    before = time.monotonic()
    with pytest.raises(typst.TypstError):
        pdf.render(template, {}, moment=MOMENT)
    assert time.monotonic() - before < 2
