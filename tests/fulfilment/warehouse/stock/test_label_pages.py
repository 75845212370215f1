"""The pages that print labels: of bins as filtered, of one bin; nonsense answered in words."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from pypdf import PdfReader

from fulfilment.warehouse.stock import label_forms
from fulfilment.warehouse.stock.models import Bin
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.fulfilment.warehouse.desk_pages import NAUGHTY, page, url
from tests.support.zpl import read

pytestmark = pytest.mark.django_db


def test_labels_of_the_filtered_bins_are_printed_in_walking_order(desk: Client) -> None:
    for n in range(30):
        make_bin(f"A-{n:02}", sequence=100 - n)
    make_bin("L-01", site=make_site("store"), zone="L")
    asked = {"q": "A-", "paper": "3x8", "start": 3, "preview": "1"}
    text = page(desk.get(url("bin-labels"), asked))
    assert "30 bins" in text and "2 sheets" in text and "A-29, A-28" in text
    answer = desk.get(url("bin-labels"), asked | {"print": "1"})
    assert answer.headers["Content-Type"] == "application/pdf"
    first, second = (sheet.extract_text() for sheet in PdfReader(io.BytesIO(answer.content)).pages)
    assert "A-29" in first and "A-00" in second and "L-01" not in first + second


def test_one_bin_is_printed_for_either_kind_of_printer(desk: Client) -> None:
    bin = make_bin("A-01")
    answer = desk.get(url("bin-label", bin.pk), {"paper": "57x32", "output": "zpl203", "print": "1"})
    assert "attachment" in answer.headers["Content-Disposition"]
    (label,) = read(answer.content.decode("ascii"))
    assert label.texts("code128") == ["A-01"] and "Hauptlager · Zone A" in label.texts()
    answer = desk.get(url("bin-label", bin.pk), {"paper": "57x32", "print": "1"})
    assert len(PdfReader(io.BytesIO(answer.content)).pages) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"paper": "3x8", "output": "zpl203"}, "ZPL is for rolls"),
        ({"paper": "3x8", "start": 25}, "has 24 labels"),
        ({"start": 0}, "greater than or equal to 1"),
        ({"copies": 10**9}, "less than or equal to"),
        ({"copies": 0}, "greater than or equal to 1"),
        ({"paper": "9x9"}, "valid choice"),
        ({"symbol": "x"}, "valid choice"),
        ({"site": "999999"}, "valid choice"),
        ({"q": "zzz"}, "nothing to print"),
    ],
)
def test_what_cannot_be_printed_is_said_in_words(desk: Client, asked: dict[str, object], words: str) -> None:
    make_bin("A-01")
    answer = desk.get(url("bin-labels"), {**asked, "print": "1"})
    assert answer.status_code == 400 and words in page(answer)


def test_too_many_labels_are_refused_before_any_is_drawn(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_forms, "LABELS_MAX", 3)
    make_bin("A-01"), make_bin("A-02")
    answer = desk.get(url("bin-labels"), {"copies": 2, "print": "1"})
    assert answer.status_code == 400 and "That would be 4 labels" in page(answer)


def test_a_code_that_no_barcode_can_hold_is_named(desk: Client) -> None:
    bin = make_bin("A-01")
    Bin.objects.filter(pk=bin.pk).update(code="\u202eA")
    answer = desk.get(url("bin-label", bin.pk), {"print": "1"})
    assert answer.status_code == 400 and "cannot be printed as a code" in page(answer)


@pytest.mark.parametrize(
    "key", ["paper", "start", "copies", "symbol", "output", "code", "q", "site", "zone", "kind"]
)
@pytest.mark.parametrize("text", NAUGHTY)
def test_junk_in_the_address_never_breaks_a_print_page(desk: Client, key: str, text: str) -> None:
    record, bin = make_stockrecord("ELBE"), make_bin("A-01")
    for address in (url("bin-labels"), url("bin-label", bin.pk), url("article-labels", record.pk)):
        for button in ({}, {"print": "1"}, {"preview": "1"}):
            assert desk.get(address, {key: text, **button}).status_code in (200, 400)
