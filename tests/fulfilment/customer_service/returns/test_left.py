"""Each piece brings one thing: new goods, or money, or it is on its way back; never two of them."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.models import Order
from fulfilment.customer_service.remedies.acts import ACTS, Wish
from fulfilment.customer_service.remedies.acts.base import Refused
from fulfilment.customer_service.returns import exchange
from fulfilment.customer_service.returns.left import left_of
from fulfilment.customer_service.returns.models import Exchange
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.warehouse import send_everything

from .test_exchange import other_size, swap
from .test_settlements import _verified, come_back, sent, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def money_back(order: Order, pieces: int = 1) -> None:
    """Service credits pieces that stay with the customer."""
    line = Invoice.objects.claims().get(order=order).lines.get()
    credit_note(invoice=line.invoice, source="remedy:1", reason="faulty", quantities={line.pk: pieces})


def left(order: Order) -> list[int]:
    return list(left_of(order).values())


def replace(order: Order, pieces: int) -> Any:
    wish = Wish(
        order, {"pieces": {str(order.lines.get().pk): pieces}, "reason": "faulty", "words": "x"}, make_staff()
    )
    return ACTS["replacement"].effects(wish)


def test_what_was_credited_is_not_exchanged(outbox: Any) -> None:
    order = sent(outbox, 2)
    record = other_size(order)
    money_back(order)
    assert [one.pieces for one in exchange.options(order)] == [1]
    with pytest.raises(exchange.NotExchanged):
        swap(order, record, pieces=2)
    assert swap(order, record).state == "waiting"
    assert exchange.options(order) == [] and left(order) == [0]


def test_money_given_while_the_exchange_waits_leaves_it_to_a_person(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    outbox.drain()
    money_back(order)
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1})
    made.made.refresh_from_db()
    assert made.made.on_hold and Exchange.objects.get().state == "waiting"


def test_what_a_return_awaits_is_neither_replaced_nor_exchanged(outbox: Any) -> None:
    order = sent(outbox, 2)
    other_size(order)
    line = order.lines.get()
    withdraw(order, {line.pk: 1})
    outbox.drain()
    assert left(order) == [1] and [one.pieces for one in exchange.options(order)] == [1]
    with pytest.raises(Refused):
        replace(order, 2)
    assert replace(order, 1).amount_minor == 9_990
    returning = Return.objects.get()
    dock.call_off(order_id=order.pk, cause=returning.cause, why="kept after all")
    assert left(order) == [2], "nobody waits for it any more"


@pytest.mark.parametrize("grade", ["a", "b"])
def test_what_came_back_is_not_replaced_whether_its_money_went_or_is_to_be_decided(
    outbox: Any, grade: str
) -> None:
    order = sent(outbox, 2)
    withdraw(order, {order.lines.get().pk: 1})
    outbox.drain()
    found = come_back(outbox, Return.objects.get(), {order.lines.get().partner_sku: 1}, grade=grade)
    assert found.is_open == (grade == "b") and left(order) == [1]


def test_the_money_for_a_new_pair_takes_nothing_from_the_pair_that_was_kept(outbox: Any) -> None:
    order = sent(outbox, 2)
    made = swap(order, other_size(order))
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1})
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    assert (left(order), left(made.made)) == ([1], [1])
    made.made.refresh_from_db()
    withdraw(made.made, key="two")
    outbox.drain()
    assert (left(order), left(made.made)) == ([1], [0])
    come_back(outbox, Return.objects.get(order=made.made), {made.made.lines.get().partner_sku: 1}, grade="a")
    assert (left(order), left(made.made)) == ([1], [0]) and _verified() == []
