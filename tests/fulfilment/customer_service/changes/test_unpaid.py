"""Changes of orders that wait for their money: the new total is asked for, an older card payment pays nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalogue.partner.models import Reservation
from checkout.order.models import Order
from checkout.payment.models import Payment
from fulfilment.customer_service.changes.actions import ChangeRefused, change
from fulfilment.customer_service.changes.models import OrderChange
from fulfilment.customer_service.changes.preview import preview
from fulfilment.customer_service.changes.wishes import Wish
from tests.factories.changes import changed
from tests.factories.shopping import place_order
from tests.factories.shortages import in_stock
from tests.fulfilment.customer_service.changes.told import breaches, refunded

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize("method", ["card", "prepayment"])
def test_an_order_that_waits_for_its_money_asks_for_the_new_total(outbox: Any, method: str) -> None:
    shoe = in_stock(9)
    order = place_order((shoe, 3), method=method)
    line = order.lines.get()
    wish = Wish(pieces={line.pk: 2})
    assert preview(order=order, wish=wish).asked_minor == order.total_minor - shoe.price_minor
    changed(order, pieces={line.pk: 2})
    assert Payment.objects.get(order=order, state="created").amount_minor == order.total_minor
    changed(order, pieces={line.pk: 4}, key="k2")
    assert Payment.objects.get(order=order, state="created").amount_minor == order.total_minor
    shoe.refresh_from_db()
    assert shoe.num_allocated == 4
    assert Reservation.objects.filter(order_id=order.pk, state="open", expires_at=None).count() == 0
    assert breaches() == []


def test_an_older_card_attempt_that_comes_late_does_not_pay_for_more(outbox: Any) -> None:
    from checkout.payment.actions import capture

    shoe = in_stock(9)
    order = place_order((shoe, 1))
    card = Payment.objects.get(order=order)
    changed(order, pieces={order.lines.get().pk: 3})
    Payment.objects.filter(pk=card.pk).update(intent_id="pi_late")
    card.refresh_from_db()
    assert card.state == "cancelled"
    capture(payment=card, reference="pi_late", why="paid by card")
    outbox.drain()
    order.refresh_from_db()
    assert (order.status, refunded(order)) == ("awaiting_payment", card.amount_minor)
    assert breaches() == []


def at_the_card_page(
    order: Order, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]
) -> list[int]:
    """The order's card payment was begun at the provider; returns the payments that are closed there from now on."""
    Payment.objects.filter(order=order).update(intent_id="pi_begun")
    closed: list[int] = []

    def close(*, order: Order, by: Any = None) -> bool:
        payment = Payment.objects.get(order=order, intent_id="pi_begun")
        closed.append(payment.pk)
        Payment.objects.filter(pk=payment.pk).update(state="cancelled")
        meanwhile()
        return True

    monkeypatch.setattr("fulfilment.customer_service.changes.actions.close_card_attempt", close)
    return closed


def test_a_change_that_is_refused_leaves_the_card_payment_that_was_begun(
    outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place_order((in_stock(2), 1))
    line = order.lines.get()
    closed = at_the_card_page(order, monkeypatch, meanwhile=lambda: None)
    with pytest.raises(ChangeRefused, match="left"):
        changed(order, pieces={line.pk: 3})
    with pytest.raises(ChangeRefused, match="price has changed"):
        change(order=order, wish=Wish(pieces={line.pk: 2}), key="k", seen_minor=1)
    assert closed == [] and Payment.objects.get(order=order).state == "created"
    made = changed(order, pieces={line.pk: 2})
    assert len(closed) == 1 and changed(order, pieces={line.pk: 2}) == made
    assert len(closed) == 1, "a second click closes nothing: it would be the new payment"


def test_pieces_that_are_sold_while_the_card_is_closed_leave_the_order_to_be_paid_by_card(
    outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoe = in_stock(3)
    order = place_order((shoe, 1))
    total = order.total_minor
    at_the_card_page(order, monkeypatch, meanwhile=lambda: place_order((shoe, 2)))
    with pytest.raises(ChangeRefused, match="sold meanwhile"):
        changed(order, pieces={order.lines.get().pk: 2})
    again = Payment.objects.get(order=order, state="created")
    assert (again.amount_minor, again.method, again.intent_id) == (total, "card", None)
    order.refresh_from_db()
    assert order.status == "awaiting_payment" and not OrderChange.objects.exists()
