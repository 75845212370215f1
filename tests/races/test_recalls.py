"""A lot is recalled while somebody picks it, and while goods in books it: no piece ends where it is sold or picked."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.actions import Scan, take_scans
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.recalls import actions, verify
from fulfilment.warehouse.recalls.models import Recall
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import LotIsRecalled
from fulfilment.warehouse.stock.models import Bin, Lot, LotStock
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.races.crowd import all_at_once
from tests.support.helpers import Outbox

pytestmark = pytest.mark.usefixtures("fresh_database")

TEXTS = dict.fromkeys(("reason_de", "reason_en", "advice_de", "advice_en"), "x")
PEOPLE = 6


def cream() -> StockRecord:
    """Shoe cream by lots: 20 of L-1 in A-01."""
    record = make_stockrecord("CREAM")
    stock.set_handling(stockrecord=record, by=None, tracking="lot")
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=20, lot="L-1")
    return record


def prepared(boss: User) -> Recall:
    return actions.prepare(lots=[Lot.objects.get().pk], texts=TEXTS, by=boss)


def pieces(**where: Any) -> int:
    return sum(LotStock.objects.filter(lot__code="L-1", **where).values_list("quantity", flat=True))


def nothing_is_for_sale() -> None:
    assert [s for _name, check in verify.CHECKS for s in check()] == []
    assert stock_differences() == []


def test_a_lot_recalled_while_goods_in_books_it_ends_in_quarantine_to_the_last_piece() -> None:
    record, boss = cream(), make_staff("boss@example.org")
    shelves: list[Bin] = [make_bin(f"B-{n:02}") for n in range(PEOPLE)]
    recall = prepared(boss)
    answers = all_at_once(
        [
            lambda: actions.start(recall=recall, by=boss),
            *[lambda b=b: stock.receive(stockrecord=record, bin=b, quantity=3, lot="L-1") for b in shelves],
        ]
    )
    assert isinstance(answers[0], actions.Outcome), answers[0]
    refused = [answer for answer in answers[1:] if isinstance(answer, Exception)]
    assert all(isinstance(answer, LotIsRecalled) for answer in refused), refused
    assert pieces(bin__kind="quarantine") == 20 + 3 * (PEOPLE - len(refused)) == pieces()
    nothing_is_for_sale()


def test_a_lot_recalled_while_pickers_take_it_is_taken_back_or_refused(outbox: Outbox) -> None:
    record, boss = cream(), make_staff("boss@example.org")
    scans = []
    for n in range(PEOPLE):
        order = make_order((record, 1), email=f"k{n}@example.org")
        outbox.drain()
        pick_list, picker = PickList.objects.get(order=order), make_staff(f"p{n}@example.org")
        picking.start(pick_list=pick_list, by=picker)
        scan = Scan(
            id=uuid.uuid4(), kind="pick", line=pick_list.lines.get().pk, code="CREAM", quantity=1, lot="L-1"
        )
        scans.append(lambda w=pick_list, s=scan, by=picker: take_scans(walk=w, scans=[s], by=by))
    recall = prepared(boss)
    answers = all_at_once([*scans[:3], lambda: actions.start(recall=recall, by=boss), *scans[3:]])
    assert isinstance(answers.pop(3), actions.Outcome)
    for (answer,) in answers:
        assert answer.accepted or answer.text
    assert pieces() == 20 and pieces(bin__code="A-01") == 0
    assert pieces(bin__kind="quarantine") + pieces(bin__code__startswith="RECALL-") == 20
    nothing_is_for_sale()
