"""The SKU page answers why it is 47: balances, filters, a picture over time, a file; quick over long histories."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock import actions, history
from fulfilment.warehouse.stock.history import CHART_POINTS, Scope, Wanted, balances, picture, told
from fulfilment.warehouse.stock.models import BinStock, Movement
from shop.kernel import clock as house
from tests.factories.orders import make_order
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.fulfilment.warehouse.desk_pages import NAUGHTY, page, url

pytestmark = pytest.mark.django_db


def long_history(many: int) -> StockRecord:
    """An article that went in and out, every minute; the bins' sums agree with it."""
    record, place = make_stockrecord("LONG"), make_bin("A-01")
    begin = timezone.now() - dt.timedelta(minutes=many)
    Movement.objects.bulk_create(
        (
            Movement(
                kind="receipt" if n % 2 == 0 else "dispatch",
                stockrecord=record,
                bin=place,
                quantity=3 if n % 2 == 0 else -2,
                at=begin + dt.timedelta(minutes=n),
            )
            for n in range(many)
        ),
        batch_size=5_000,
    )
    total = sum(3 if n % 2 == 0 else -2 for n in range(many))
    BinStock.objects.create(stockrecord=record, bin=place, quantity=total)
    StockRecord.objects.filter(pk=record.pk).update(num_in_stock=total)
    return record


@pytest.mark.both_databases
def test_balances_are_those_of_whatever_is_asked_for() -> None:
    record = make_stockrecord(bins={"A-01": 5, "A-02": 10})
    actions.count(stockrecord=record, bin=make_bin("A-01"), counted=3)
    actions.transfer(stockrecord=record, source=make_bin("A-02"), target=make_bin("A-01"), quantity=4)

    def seen(scope: Scope, wanted: Wanted, rows: slice = slice(None)) -> list[tuple[int, int]]:
        shown = list(wanted.of(scope.movements())[rows])
        after = balances(scope, shown, everything=wanted.is_everything)
        return [(row.quantity, after[row.pk]) for row in shown]

    house = Scope(record.pk)
    assert seen(house, Wanted()) == [(4, 13), (-4, 9), (-2, 13), (10, 15), (5, 5)]
    assert seen(house, Wanted(), slice(2, 4)) == [(-2, 13), (10, 15)], "a later page"
    assert seen(house, Wanted(kind="receipt")) == [(10, 15), (5, 5)], "rows between them count"
    in_bin = Scope(record.pk, bin_id=make_bin("A-01").pk)
    assert seen(in_bin, Wanted()) == [(4, 7), (-2, 3), (5, 5)]
    assert [balance for _row, balance in told(house, Wanted(kind="receipt"))] == [15, 5]


@pytest.mark.both_databases
def test_a_picture_of_a_long_history_ends_with_what_lies_there(django_assert_num_queries) -> None:
    record = long_history(5_000)
    with django_assert_num_queries(2):
        drawn = picture(Scope(record.pk))
    values = [value for _words, value in drawn.points]
    assert len(values) == CHART_POINTS and 1 < drawn.each < 20
    assert values[-1] == 2_500 == Scope(record.pk).present()
    assert values == sorted(values) or max(values) <= 2_503
    middle = values[CHART_POINTS // 2]
    assert abs(middle - 1_260) < 30, "half of the time, half of the pieces"


def test_a_short_history_is_drawn_movement_by_movement() -> None:
    record = make_stockrecord(bins={"A-01": 5, "A-02": 10})
    actions.transfer(stockrecord=record, source=make_bin("A-02"), target=make_bin("A-01"), quantity=4)
    assert [value for _words, value in picture(Scope(record.pk)).points] == [5, 15]
    in_bin = Scope(record.pk, bin_id=make_bin("A-02").pk)
    assert [value for _words, value in picture(in_bin).points] == [10, 6]
    assert picture(Scope(make_stockrecord("NEW").pk)).points == []


def test_the_page_costs_what_it_shows_and_not_what_ever_happened(desk: Client) -> None:
    short, long = make_stockrecord("SHORT", bins={"B-01": 5}), long_history(3_000)
    asked = []
    for record, query in (
        (short, {}),
        (long, {}),
        (long, {"page": 40}),
        (long, {"kind": "receipt", "page": 20}),
    ):
        desk.get(url("sku", record.pk), query)
        with CaptureQueriesContext(connection) as seen:
            text = page(desk.get(url("sku", record.pk), query))
        asked.append(len(seen))
    assert "Drawn at equal distances" in text
    assert max(asked) < 20, asked


def test_the_page_shows_all_sums_sites_lots_and_promises(desk: Client) -> None:
    record = make_stockrecord("WAX", bins={"A-01": 9})
    actions.set_handling(
        stockrecord=record, tracking="lot", has_best_before=True, initial_lot="L-1",
        initial_best_before=dt.date(2027, 5, 31),
    )  # fmt: skip
    store = make_site("store", name="Store")
    aside = make_bin("Q-01", site=store, kind="quarantine")
    lot = actions.find_lot(stockrecord_id=record.pk, code="L-1")
    actions.transfer(
        stockrecord=record, source=make_bin("A-01"), target=aside, quantity=2, lot=lot, why="dented"
    )
    order = make_order((record, 3))
    text = page(desk.get(url("sku", record.pk)))
    for words in (
        "On hand 9",
        "Reserved 3",
        "Quarantine 2",
        "Free 4",
        "Store 0 + 2 not for sale",
        order.number,
    ):
        assert words in text, words
    assert "L-1 : 9" in text and "31 May 2027" in text and "dented" in text
    text = page(desk.get(url("sku", record.pk), {"lot": "l-1", "bin": "q-01"}))
    assert "Then there" in text and "+2" in text and "-2" not in text
    form = {"transfer-source": "A-01", "transfer-target": "Q-01", "transfer-quantity": 1}
    assert "Please scan the lot" in page(desk.post(url("transfer", record.pk), form))
    assert "1 piece moved" in page(
        desk.post(url("transfer", record.pk), form | {"transfer-lot": "L-1"}, follow=True)
    )


def test_the_history_is_filtered_and_leaves_as_a_file(desk: Client, clock: Any) -> None:
    clock.stop()
    record = make_stockrecord(bins={"A-01": 5, "A-02": 10})
    actions.count(stockrecord=record, bin=make_bin("A-01"), counted=3, why="=two stolen")
    today = house.today()
    wanted = {
        "": ["-2", "10", "5"],
        "kind=count": ["-2"],
        "bin=a-01": ["-2", "5"],
        f"since={today}&until={today}": ["-2", "10", "5"],
        f"until={today - dt.timedelta(days=1)}": [],
        f"since={today + dt.timedelta(days=1)}": [],
    }
    for query, changes in wanted.items():
        answer = desk.get(f"{url('sku', record.pk)}?{query}&format=csv")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
        assert [row[5] for row in rows[1:]] == changes, query
    assert rows[0][:6] == ["When", "What", "Site", "Bin", "Lot", "Change"]
    answer = desk.get(url("sku", record.pk), {"format": "csv"})
    assert "'=two stolen" in answer.content.decode("utf-8-sig")


@pytest.mark.parametrize("key", ["kind", "site", "bin", "lot", "since", "until", "page", "format"])
@pytest.mark.parametrize("text", [*NAUGHTY, "x" * 500, "0001-01-01", "9999-12-31", str(10**30)])
def test_junk_in_the_filters_never_breaks_the_page(desk: Client, key: str, text: str) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    answer = desk.get(url("sku", record.pk), {key: text})
    assert answer.status_code in (200, 400)
    if answer.status_code == 400 and key != "page":
        assert "field__error" in answer.content.decode()


def test_a_history_that_is_too_long_for_a_file_is_cut(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record = long_history(20)
    monkeypatch.setattr("fulfilment.warehouse.stock.dashboard.skus.CSV_ROWS_MAX", 5)
    answer = desk.get(url("sku", record.pk), {"format": "csv"})
    assert answer.content.decode("utf-8-sig").count("\n") == 6
    assert history.CHART_STEPS > CHART_POINTS
