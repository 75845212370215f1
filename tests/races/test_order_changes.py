"""A shopper changes an order in the second in which somebody begins to pick it: one is first, the other is told."""

from __future__ import annotations

import time
from typing import Any

import pytest

from checkout.order.models import Order
from checkout.payment.actions import capture
from checkout.payment.models import Payment, Refund
from fulfilment.customer_service.changes import preview as looking
from fulfilment.customer_service.changes.actions import ChangeRefused, TooLate, change
from fulfilment.customer_service.changes.models import CANCEL, OrderChange
from fulfilment.customer_service.changes.paying import drop
from fulfilment.customer_service.changes.states import DONE, LAPSED
from fulfilment.customer_service.changes.wishes import Wish
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickLine, PickList
from shop.kernel.invariants import verify
from shop.kernel.states import StaleState
from tests.factories.changes import changed, ordered
from tests.factories.people import make_staff
from tests.factories.shopping import place_order
from tests.factories.shortages import in_stock

from .crowd import all_at_once

pytestmark = pytest.mark.usefixtures("fresh_database")

OURS = (ChangeRefused, picking.PickError)


def breaches() -> list[str]:
    return [f"{f.name}: {b}" for f in verify() for b in f.breaches if f.room != "outbox"]


def unexpected(answers: list[Any]) -> list[Any]:
    return [a for a in answers if isinstance(a, Exception) and not isinstance(a, OURS)]


def wanted(order: Order) -> int:
    return sum(line.quantity_open for line in order.lines.all())


def walked(order: Order) -> int:
    stops = PickLine.objects.filter(pick_list__order=order, state="open")
    return sum(stop.quantity for stop in stops)


def test_who_looks_what_a_change_would_do_and_the_money_that_comes(
    outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payment comes in between the two rows that the preview takes: with either order of them both go through."""
    order = place_order((in_stock(9), 2))
    payment, line = Payment.objects.get(order=order), order.lines.get()
    forget = looking.forget_card

    def slowly(*, order: Order) -> None:
        forget(order=order)
        time.sleep(0.4)

    def pays() -> bool:
        time.sleep(0.2)
        return capture(payment=Payment.objects.get(pk=payment.pk), reference="pi_1", why="paid by card")

    monkeypatch.setattr(looking, "forget_card", slowly)
    seen, paid = all_at_once(
        [lambda: looking.preview(order=Order.objects.get(pk=order.pk), wish=Wish(pieces={line.pk: 1})), pays]
    )
    assert paid is True and not isinstance(seen, Exception), (seen, paid)


@pytest.mark.parametrize("run", range(4))
def test_who_begins_to_pick_and_who_takes_a_piece_out(outbox: Any, run: int) -> None:
    order = ordered(outbox, (in_stock(9), 3), (in_stock(9), 1))
    line = order.lines.order_by("pk").first()
    picker, pick_list = make_staff("picker@example.org"), PickList.objects.get(order=order)
    wish = Wish(pieces={line.pk: 1})
    answers = all_at_once(
        [
            lambda: change(order=Order.objects.get(pk=order.pk), wish=wish, key="k1"),
            lambda: picking.start(pick_list=PickList.objects.get(pk=pick_list.pk), by=picker),
            lambda: change(order=Order.objects.get(pk=order.pk), wish=wish, key="k1"),
        ]
    )
    assert unexpected(answers) == []
    pick_list.refresh_from_db()
    assert pick_list.state == "picking"
    assert walked(order) == wanted(order), "nobody walks for a piece that is not wanted"
    done = OrderChange.objects.count()
    assert done == Refund.objects.count()
    if not done:
        assert all(isinstance(answers[n], TooLate) for n in (0, 2))
    outbox.drain()
    assert breaches() == []


@pytest.mark.parametrize("run", range(3))
def test_who_begins_to_pick_and_who_cancels(outbox: Any, run: int) -> None:
    order = ordered(outbox, (in_stock(9), 3))
    picker, pick_list = make_staff("picker@example.org"), PickList.objects.get(order=order)
    answers = all_at_once(
        [
            lambda: picking.start(pick_list=PickList.objects.get(pk=pick_list.pk), by=picker),
            lambda: change(order=Order.objects.get(pk=order.pk), wish=Wish(CANCEL), key="k1"),
        ]
    )
    assert unexpected(answers) == []
    assert sum(isinstance(answer, Exception) for answer in answers) == 1, "one of them was first"
    outbox.drain()
    order.refresh_from_db()
    assert (order.status == "cancelled") == isinstance(answers[0], Exception)
    assert breaches() == []


def test_the_last_piece_is_added_to_one_of_two_orders(outbox: Any) -> None:
    shoe = in_stock(3)
    orders = [ordered(outbox, (shoe, 1), method="invoice") for _ in range(2)]
    answers = all_at_once(
        [
            lambda order=order: changed(order, pieces={order.lines.get().pk: 2}, key=f"k{order.pk}")  # type: ignore[misc]
            for order in orders
        ]
    )
    assert unexpected(answers) == []
    assert OrderChange.objects.count() == 1
    shoe.refresh_from_db()
    assert shoe.num_allocated == 3
    outbox.drain()
    assert breaches() == []


@pytest.mark.parametrize("run", range(3))
def test_the_difference_comes_while_its_time_runs_out(outbox: Any, run: int) -> None:
    shoe = in_stock(9, price_minor=5_000)
    order = ordered(outbox, (shoe, 1))
    waiting = changed(order, pieces={order.lines.get().pk: 3})
    assert waiting.payment is not None

    def money_comes() -> bool:
        """As a webhook does: what was changed in this moment is read anew."""
        for _again in range(3):
            payment = Payment.objects.get(pk=waiting.payment_id)
            try:
                return capture(payment=payment, reference="pi_late", why="paid by card")
            except StaleState:
                continue
        return False

    answers = all_at_once(
        [
            money_comes,
            lambda: drop(change=OrderChange.objects.get(pk=waiting.pk), why="not paid in time"),
        ]
    )
    assert [a for a in answers if isinstance(a, Exception)] == []
    Payment.objects.filter(pk=waiting.payment_id).update(intent_id="pi_late")
    waiting.refresh_from_db()
    order.refresh_from_db()
    assert waiting.state in (DONE, LAPSED)
    assert order.total_minor == (15_490 if waiting.state == DONE else 5_490)
    assert Refund.objects.count() == (0 if waiting.state == DONE else 1)
    assert not order.on_hold
    outbox.drain()
    assert breaches() == []
