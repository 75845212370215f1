"""A scan means an article and its pieces: own number, barcodes, packs, GTINs in every spelling."""

from __future__ import annotations

import pytest

from fulfilment.warehouse.stock.codes import find_article, find_bin, same_codes
from fulfilment.warehouse.stock.models import Barcode
from tests.factories.stock import make_bin, make_stockrecord

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_an_article_is_found_by_everything_it_bears(django_assert_num_queries) -> None:
    record = make_stockrecord("ELBE-42", gtin="4006381333931")
    Barcode.objects.create(stockrecord=record, code="MAKER-7")
    Barcode.objects.create(stockrecord=record, code="4006381333948", kind="gtin", pieces=6, name="carton")
    make_stockrecord("OTHER")
    wanted = {"ELBE-42": 1, "elbe-42": 1, " 4006381333931 ": 1, "maker-7": 1, "4006381333948": 6}
    for code, pieces in wanted.items():
        with django_assert_num_queries(2):
            found = find_article(code)
        assert found is not None and (found.stockrecord, found.pieces) == (record, pieces), code
    with django_assert_num_queries(0):
        assert found.stockrecord.product.title


def test_an_own_number_in_small_letters_is_found_as_well() -> None:
    record = make_stockrecord("Elbe-q")
    found = find_article("ELBE-Q")
    assert found is not None and found.stockrecord == record


def test_the_own_number_wins_over_anothers_barcode() -> None:
    mine, other = make_stockrecord("123456"), make_stockrecord("OTHER")
    Barcode.objects.create(stockrecord=other, code="123456", pieces=9)
    found = find_article("123456")
    assert found is not None and (found.stockrecord, found.pieces) == (mine, 1)


def test_an_american_code_is_the_same_with_a_leading_zero() -> None:
    record = make_stockrecord("ELBE-42", gtin="0012345678905")
    for code in ("012345678905", "0012345678905", "00012345678905"):
        found = find_article(code)
        assert found is not None and found.stockrecord == record, code
    assert same_codes("4006381333931") == {"4006381333931", "04006381333931"}


@pytest.mark.parametrize("code", ["", " ", "\x00", "EL\x00BE", "x" * 10_000, "%", "_", "‮", "'; --", "ELBE"])
def test_what_means_nothing_finds_nothing(code: str) -> None:
    make_stockrecord("ELBE-42", gtin="4006381333931")
    make_bin("A-01")
    assert find_article(code) is None
    assert find_bin(code) is None


def test_a_bin_is_found_as_scanned_or_typed() -> None:
    place = make_bin("A-01")
    assert find_bin(" a-01 ") == find_bin("A-01") == place
