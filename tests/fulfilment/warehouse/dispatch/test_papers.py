"""Packing slip and shipping label."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from fulfilment.warehouse.barcodes import code128_svg
from fulfilment.warehouse.dispatch.documents import (
    Address,
    PackedLine,
    PackingSlip,
    ShippingLabel,
    label_pdf,
    label_zpl,
    packing_slip_pdf,
)
from tests.support.zpl import decoded, read

DAY = dt.date(2026, 11, 20)
SHOP = Address("Petersen & Söhne", "Am Sandtorkai 12", "20457", "Hamburg")
CUSTOMER = Address("Erika Mustermann", "Bahrenfelder Straße 7", "22765", "Hamburg")
SLIP = PackingSlip(
    order_number="100001",
    parcel_number="P-100001-1",
    date=DAY,
    shop_name="Kontor",
    sender=SHOP,
    recipient=CUSTOMER,
    lines=(
        PackedLine("Schnürstiefel Elbe", "ELB-42", 2, bin="A-01-3", attributes=(("Größe", "42"),)),
        PackedLine("Schuhwachs", "WAX", 3, bin="B-02-1"),
    ),
    parcel=1,
    parcels=2,
    to_follow=1,
)
LABEL = ShippingLabel("Hafenpost", "KTR26110000012345", SHOP, CUSTOMER, "100001", DAY, weight_grams=2350)


def words(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u200b", "").split())


def test_a_slip_shows_bins_pieces_and_what_follows():
    text = words(packing_slip_pdf(SLIP, "en"))
    for fact in (
        "A-01-3",
        "B-02-1",
        "Größe: 42",
        "ELB-42",
        "P-100001-1",
        "5 pieces in this parcel",
        "1 of 2",
    ):
        assert fact in text, fact
    assert "1 piece of your order follows" in text and "€" not in text


def test_a_label_is_one_a6_page_with_everything_a_carrier_needs():
    pages = PdfReader(io.BytesIO(label_pdf(LABEL, "en"))).pages
    assert len(pages) == 1
    assert [round(float(side) / 72 * 25.4) for side in pages[0].mediabox[2:]] == [105, 148]
    for fact in ("Hafenpost", "KTR26110000012345", "Erika Mustermann", "22765 Hamburg", "2.35 kg"):
        assert fact in pages[0].extract_text(), fact


def test_a_label_names_the_country_only_abroad():
    abroad = replace(LABEL, recipient=replace(CUSTOMER, country="AT"))
    assert "AUSTRIA" in words(label_pdf(abroad, "en")) and "GERMANY" not in words(label_pdf(LABEL, "en"))


@pytest.mark.parametrize(
    "evil",
    ['#read("/etc/passwd")', "NUL\x00", "\u202eevil", "🙂 中文", "W" * 500, "\ud800", "*b* $x$ @ref <t>"],
)
def test_hostile_texts_stay_text_on_papers(evil):
    who = Address(f"x{evil}", evil, evil, evil, company=evil, extra=evil)
    line = PackedLine(evil, evil, 1, bin=evil, attributes=((evil, evil),))
    slip = packing_slip_pdf(
        replace(SLIP, recipient=who, lines=(line,), notes=(evil,), delivery_method=evil), "de"
    )
    label = label_pdf(replace(LABEL, recipient=who, sender=who, service=evil, order_number=evil), "de")
    assert "root:" not in words(slip) + words(label)
    assert len(PdfReader(io.BytesIO(label)).pages) == 1


def test_a_label_for_the_printer_says_the_same_and_its_bars_can_be_read_back():
    (paper,) = read(label_zpl(replace(LABEL, recipient=replace(CUSTOMER, country="AT")), "de"))
    assert (paper.width, paper.height) == (840, 1184)  # 105 x 148 mm at 8 dots
    assert paper.texts("code128") == ["KTR26110000012345"]
    said = " ".join(paper.texts())
    for fact in (
        "Hafenpost",
        "KTR26110000012345",
        "Erika Mustermann",
        "22765 Hamburg",
        "2,35 kg",
        "ÖSTERREICH",
    ):
        assert fact in said, fact


@pytest.mark.parametrize("evil", ["^XZ~JA", "_5E", "\x1b", "x" * 300, "🙂"])
def test_a_name_cannot_become_a_command_of_the_printer(evil):
    who = Address(f"n{evil}", evil, evil, evil, company=evil, extra=evil)
    (paper,) = read(label_zpl(replace(LABEL, recipient=who, sender=who, service=evil), "de"))
    assert paper.texts("code128") == ["KTR26110000012345"]


def test_the_bars_of_both_labels_are_the_tracking_number():
    number = "KT0000000017"
    assert decoded(code128_svg(number)) == number
    (paper,) = read(label_zpl(replace(LABEL, tracking_number=number), "en"))
    assert paper.texts("code128") == [number]


LONG = Address(
    "Prof. Dr. Maximiliane-Friederike Freifrau von Österreicher-Überlingen",
    "Straße des Siebzehnten Juni an der Königsbrücker Landstraße 1234a",
    "01109",
    "Königs Wusterhausen-Zernsdorf am Großen Krüpelsee",
    "AT",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenmanufaktur GmbH",
    "c/o Übersee-Verwaltung, 4. Obergeschoss links",
)


def mm_from_top(pdf: bytes, word: str) -> float:
    """How far below the upper edge of the first page a word stands."""
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    found: list[float] = []

    def look(text: str, cm: list[float], tm: list[float], _font: object, _size: float) -> None:
        if word in text:
            found.append(tm[4] * cm[1] + tm[5] * cm[3] + cm[5])

    page.extract_text(visitor_text=look)
    assert found, f"{word} is not on the page"
    return (float(page.mediabox.height) - max(found)) / 72 * 25.4


def test_a_long_address_keeps_its_country_inside_the_label():
    assert 60 < mm_from_top(label_pdf(replace(LABEL, recipient=LONG), "en"), "AUSTRIA") < 79


def test_a_long_address_keeps_its_country_inside_the_window():
    assert 75 < mm_from_top(packing_slip_pdf(replace(SLIP, recipient=LONG), "en"), "AUSTRIA") < 91
