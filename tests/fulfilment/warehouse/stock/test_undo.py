"""A receipt that is taken back leaves no trace in sums, average cost and ledger, only two movements."""

from __future__ import annotations

import pytest

from catalogue.partner.models import StockRecord
from fulfilment.finance.ledger.models import Entry, EntryLine
from fulfilment.warehouse.stock import actions
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.models import LotStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from tests.factories.stock import make_bin, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def facts(record: StockRecord) -> tuple[int, int, int]:
    record.refresh_from_db()
    return record.num_in_stock, record.num_quarantine, record.unit_cost_minor


def test_stock_cost_and_ledger_are_as_before(outbox: Outbox) -> None:
    record, place = make_stockrecord("WAX", bins={"A-01": 4}, unit_cost_minor=300), make_bin("A-01")
    outbox.drain()
    before, entries = facts(record), Entry.objects.count()
    received = actions.receive(stockrecord=record, bin=place, quantity=6, unit_cost_minor=900)
    assert facts(record) == (10, 0, 660)
    actions.undo_receipt(received=received)
    outbox.drain()
    assert facts(record) == before
    assert Entry.objects.count() == entries + 2, "booked, and booked back"
    sums: dict[int, int] = {}
    for line in EntryLine.objects.filter(entry__kind="goods_received").order_by("-pk")[:4]:
        sums[line.account_id] = sums.get(line.account_id, 0) + line.debit_minor - line.credit_minor
    assert set(sums.values()) == {0}
    assert stock_differences() == []


def test_pieces_of_a_blocked_bin_and_of_a_lot_go_as_they_came() -> None:
    record, place = make_stockrecord("WAX"), make_bin("Q-01", kind="quarantine")
    actions.set_handling(stockrecord=record, tracking="lot")
    received = actions.receive(stockrecord=record, bin=place, quantity=6, lot="L-1")
    assert facts(record)[:2] == (0, 6)
    actions.undo_receipt(received=received)
    assert facts(record)[:2] == (0, 0)
    assert LotStock.objects.get().quantity == 0
    assert stock_differences() == []


def test_a_receipt_is_taken_back_once_and_nothing_else_is_at_all() -> None:
    record, place = make_stockrecord("WAX"), make_bin("A-01")
    first = actions.receive(stockrecord=record, bin=place, quantity=6)
    second = actions.receive(stockrecord=record, bin=place, quantity=2)
    back = actions.undo_receipt(received=first)
    with pytest.raises(AlreadyBooked):
        actions.undo_receipt(received=first)
    with pytest.raises(StockError, match="Only a receipt"):
        actions.undo_receipt(received=back)
    actions.undo_receipt(received=second)
    actions.receive(stockrecord=record, bin=place, quantity=2)
    actions.count(stockrecord=record, bin=place, counted=1)
    third = Movement.objects.filter(quantity=2).latest("pk")
    with pytest.raises(StockError, match="left the bin since"):
        actions.undo_receipt(received=third)


def test_a_receipt_of_many_at_once_is_not_taken_back_one_by_one(outbox: Outbox) -> None:
    """The ledger got one sum for all of them: the goods would go, and their worth would stay in the books."""
    record, place = make_stockrecord("WAX", unit_cost_minor=300), make_bin("A-01")
    actions.receive_many([actions.Received(record.pk, place.pk, 5)])
    with pytest.raises(StockError, match="count the bin"):
        actions.undo_receipt(received=Movement.objects.latest("pk"))
    assert facts(record) == (5, 0, 300)
