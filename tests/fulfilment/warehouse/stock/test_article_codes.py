"""An article's codes: right check digits, one meaning per code, packs; the page, labels of it, how it is kept."""

from __future__ import annotations

import io
import threading

import pytest
from django.db import connection
from django.test import Client
from pypdf import PdfReader

from fulfilment.warehouse.stock import article_codes, codes
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.article_codes import add_barcode, check_code
from fulfilment.warehouse.stock.codes import find_article
from fulfilment.warehouse.stock.models import Barcode, Handling
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.warehouse.desk_pages import NAUGHTY, page, url
from tests.support.zpl import read

pytestmark = pytest.mark.django_db


def test_a_code_of_a_pack_counts_its_pieces() -> None:
    record = make_stockrecord("ELBE")
    add_barcode(stockrecord=record, code=" 4006381333931 ", pieces=6, name="carton")
    found = find_article("4006381333931")
    assert found is not None and found.pieces == 6
    row = Barcode.objects.get()
    assert (row.kind, row.name) == ("gtin", "carton")


@pytest.mark.parametrize(
    ("code", "kept", "kind"),
    [
        ("012345678905", "0012345678905", "gtin"),
        ("04006381333931", "4006381333931", "gtin"),
        ("96385074", "96385074", "gtin"),
        ("maker-7", "MAKER-7", "own"),
        ("12345", "12345", "own"),
    ],
)
def test_codes_are_kept_in_one_spelling(code: str, kept: str, kind: str) -> None:
    assert check_code(code) == (kept, kind)


def test_a_number_may_be_said_to_be_no_gtin() -> None:
    assert check_code("4006381333930", kind="own") == ("4006381333930", "own")


@pytest.mark.parametrize("code", ["4006381333930", "012345678904", "96385075", "10012345678901"])
def test_a_wrong_check_digit_is_refused_with_the_right_one(code: str) -> None:
    with pytest.raises(StockError, match="the last digit should be"):
        check_code(code)


@pytest.mark.parametrize("code", ["", " ", "Größe", "\x00", "x" * 41, "x" * 10_000, "\u202e1", "²³"])
def test_what_no_scanner_gives_back_is_no_code(code: str) -> None:
    with pytest.raises(StockError, match="1 to 40 letters"):
        check_code(code)


@pytest.mark.parametrize("pieces", [0, -1, 10_001, 10**9, True])
def test_an_impossible_pack_is_refused(pieces: int) -> None:
    with pytest.raises(StockError, match="1 to 10000 pieces"):
        add_barcode(stockrecord=make_stockrecord(), code="BOX", pieces=pieces)


def test_a_code_means_one_thing_only() -> None:
    mine, other = make_stockrecord("MINE", gtin="4006381333931"), make_stockrecord("OTHER")
    make_bin("A-01")
    add_barcode(stockrecord=other, code="BOX")
    for code, words in (
        ("4006381333931", "has the code"),
        ("mine", "has the code"),
        ("OTHER", "belongs to OTHER"),
        ("box", "belongs to OTHER"),
        ("a-01", "A bin has the code"),
    ):
        with pytest.raises(StockError, match=words):
            add_barcode(stockrecord=mine, code=code)
    assert Barcode.objects.count() == 1


@pytest.mark.both_databases
def test_two_who_give_the_same_code_away_at_once_get_one_and_an_answer(
    fresh_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked and found the code free: only the constraint is left, and it answers in words."""
    records = [make_stockrecord("ONE"), make_stockrecord("TWO")]
    both_looked = threading.Barrier(2, timeout=20)
    looked = threading.local()

    def slow_find(code: str) -> codes.Scanned | None:
        found = codes.find_article(code)
        if not getattr(looked, "once", False):
            looked.once = True
            both_looked.wait()
        return found

    monkeypatch.setattr(article_codes, "find_article", slow_find)
    answers: list[str] = []

    def give(number: int) -> None:
        try:
            add_barcode(stockrecord=records[number], code="BOX-1")
            answers.append("given")
        except StockError as error:
            answers.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answer == "given" for answer in answers) == [False, True]
    refusal = next(answer for answer in answers if answer != "given")  # a thread speaks the shop's language
    assert "BOX-1" in refusal and ("ONE" in refusal or "TWO" in refusal)
    assert Barcode.objects.count() == 1


def test_codes_are_added_shown_printed_and_removed(desk: Client) -> None:
    record = make_stockrecord("ELBE", gtin="4006381333931")
    form = {"code-code": "box-6", "code-kind": "", "code-pieces": 6, "code-name": "carton"}
    text = page(desk.post(url("add-code", record.pk), form, follow=True))
    assert "BOX-6 means ELBE from now on" in text and "carton" in text and "4006381333931" in text
    answer = desk.get(url("article-labels", record.pk), {"code": "BOX-6", "paper": "57x32", "print": "1"})
    (sheet,) = PdfReader(io.BytesIO(answer.content)).pages
    assert "BOX-6" in sheet.extract_text() and "carton" in sheet.extract_text()
    asked = {"code": "4006381333931", "paper": "57x32", "output": "zpl300", "copies": 3, "print": "1"}
    answer = desk.get(url("article-labels", record.pk), asked)
    (label,) = read(answer.content.decode("ascii"))
    assert label.copies == 3 and label.texts("ean") == ["4006381333931"]
    row = Barcode.objects.get()
    assert "BOX-6 means nothing any more" in page(desk.post(url("remove-code", row.pk), follow=True))
    assert find_article("BOX-6") is None


@pytest.mark.parametrize("field", ["code", "kind", "pieces", "name"])
@pytest.mark.parametrize("text", [*NAUGHTY, "\x00", "x" * 10_000, str(10**30)])
def test_nonsense_about_a_code_is_refused_in_words(desk: Client, field: str, text: str) -> None:
    record = make_stockrecord("ELBE")
    form = {"code-code": "BOX", "code-kind": "", "code-pieces": 1, "code-name": ""}
    answer = desk.post(url("add-code", record.pk), form | {f"code-{field}": text})
    assert answer.status_code in (302, 400)
    assert Barcode.objects.exists() == (answer.status_code == 302)


def test_how_an_article_is_kept_is_saved_and_pieces_get_their_lot(desk: Client) -> None:
    record = make_stockrecord("WAX", bins={"A-01": 4})
    form = {
        "handling-tracking": "lot", "handling-has_best_before": "on", "handling-min_days_left": 30,
        "handling-length_mm": 80, "handling-width_mm": 80, "handling-height_mm": 30, "handling-weight_g": 120,
    }  # fmt: skip
    answer = desk.post(url("handling", record.pk), form)
    assert answer.status_code == 400 and "without a lot" in page(answer)
    form |= {"handling-initial_lot": "L-1", "handling-initial_best_before": "2027-05-31"}
    assert "this is how WAX is kept" in page(desk.post(url("handling", record.pk), form, follow=True))
    record.product.refresh_from_db()
    assert (Handling.objects.get().min_days_left, record.product.weight_g) == (30, 120)
    for field, text in (
        ("min_days_left", "-1"),
        ("length_mm", str(10**9)),
        ("weight_g", "heavy"),
        ("tracking", "x"),
    ):
        assert desk.post(url("handling", record.pk), form | {f"handling-{field}": text}).status_code == 400


def test_a_date_without_lots_is_refused(desk: Client) -> None:
    record = make_stockrecord("WAX")
    form = {
        f"handling-{name}": 0 for name in ("min_days_left", "length_mm", "width_mm", "height_mm", "weight_g")
    }
    form |= {"handling-tracking": "none", "handling-has_best_before": "on"}
    answer = desk.post(url("handling", record.pk), form)
    assert answer.status_code == 400 and "choose lots as well" in page(answer)
