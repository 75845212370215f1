"""A paid order shall cost more: the change waits for the difference, is made when it comes, or goes back whole."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from checkout.order.actions import cancel
from checkout.order.models import Order
from checkout.payment.actions import capture
from checkout.payment.models import Payment, Refund
from fulfilment.customer_service.changes.actions import ChangeRefused, TooLate, change
from fulfilment.customer_service.changes.models import CANCEL, OrderChange
from fulfilment.customer_service.changes.paying import drop, drop_unpaid
from fulfilment.customer_service.changes.preview import preview
from fulfilment.customer_service.changes.states import LAPSED, WAITING
from fulfilment.customer_service.changes.wishes import Wish
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from tests.factories.changes import changed, ordered, sibling
from tests.factories.shopping import make_user
from tests.factories.shortages import in_stock
from tests.factories.warehouse import send_everything

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches if f.room != "notifications"]


def pays(order: Order) -> Payment:
    """The difference comes in by card."""
    payment = Payment.objects.get(order=order, supplement=True)
    Payment.objects.filter(pk=payment.pk, intent_id=None).update(intent_id=f"pi_{payment.pk}")
    payment.refresh_from_db()
    capture(payment=payment, reference=f"pi_{payment.pk}", why="paid by card")
    return payment


def dearer(outbox: Any, method: str = "card") -> tuple[Order, StockRecord]:
    """A paid order of two shoes, of which three more are wanted."""
    shoe = in_stock(9, price_minor=5_000)
    order = ordered(outbox, (shoe, 2), method=method)
    seen = preview(order=order, wish=Wish(pieces={order.lines.get().pk: 5}))
    assert (seen.more_minor, seen.less_minor) == (15_000, -15_000)
    changed(order, pieces={order.lines.get().pk: 5})
    return order, shoe


@pytest.mark.parametrize("method", ["card", "prepayment"])
def test_the_change_is_made_when_the_difference_has_come(outbox: Any, method: str) -> None:
    order, shoe = dearer(outbox, method)
    waiting = OrderChange.objects.get()
    assert (waiting.state, order.total_minor, order.on_hold) == (WAITING, 10_490, True)
    outbox.drain()
    assert breaches() == []
    assert "150" in OutgoingMail.objects.get(kind="order_amended").text
    with pytest.raises(picking.PickError):
        picking.start(pick_list=PickList.objects.get(order=order), by=make_user(is_staff=True))
    with pytest.raises(TooLate, match="waits for your payment"):
        changed(order, pieces={order.lines.get().pk: 1}, key="k2")

    pays(order)
    outbox.drain()
    order.refresh_from_db()
    shoe.refresh_from_db()
    assert (order.total_minor, order.on_hold, shoe.num_allocated) == (25_490, False, 5)
    assert not Refund.objects.exists()
    assert OutgoingMail.objects.filter(kind="order_amended").count() == 2
    send_everything(PickList.objects.get(order=order), by=make_user(is_staff=True))
    outbox.drain()
    assert Invoice.objects.get(order=order).open_minor == 0
    assert outbox.failures() == []
    assert breaches() == []


def test_what_was_paid_twice_over_goes_back_from_both_payments(outbox: Any) -> None:
    order, _shoe = dearer(outbox)
    pays(order)
    outbox.drain()
    first, second = order.lines.order_by("pk")
    changed(order, pieces={first.pk: 0, second.pk: 1}, key="k2")
    assert order.total_minor == 5_490
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 20_000
    outbox.drain()
    assert breaches() == []


def test_pieces_that_are_gone_when_it_is_paid_send_the_money_back(outbox: Any) -> None:
    order, shoe = dearer(outbox)
    ordered(outbox, (shoe, 6))
    payment = pays(order)
    outbox.drain()
    order.refresh_from_db()
    assert (order.total_minor, order.on_hold, OrderChange.objects.get().state) == (10_490, False, LAPSED)
    assert Refund.objects.get().payment == payment
    assert Refund.objects.get().amount_minor == 15_000
    text = " ".join(OutgoingMail.objects.filter(kind="order_amended").latest("pk").text.split())
    assert "inzwischen verkauft" in text and "sofort auf Ihre Karte zurück" in text
    assert breaches() == []


def test_a_change_that_nobody_pays_lapses_and_late_money_goes_back(outbox: Any, clock: Any) -> None:
    order, shoe = dearer(outbox)
    assert drop_unpaid() == 0
    clock.advance(minutes=31)
    assert drop_unpaid() == 1
    assert drop_unpaid() == 0
    order.refresh_from_db()
    assert (order.on_hold, OrderChange.objects.get().state) == (False, LAPSED)
    pays(order)
    outbox.drain()
    shoe.refresh_from_db()
    assert (Refund.objects.get().amount_minor, shoe.num_allocated) == (15_000, 2)
    assert breaches() == []


def test_a_dropped_change_leaves_the_order_free(outbox: Any) -> None:
    order, _shoe = dearer(outbox)
    assert drop(change=OrderChange.objects.get(), why="no more")
    assert not drop(change=OrderChange.objects.get(), why="no more")
    changed(order, pieces={order.lines.get().pk: 1}, key="k2")
    assert order.total_minor == 5_490
    outbox.drain()
    assert breaches() == []


def test_an_order_that_is_cancelled_while_a_change_waits_takes_no_money(outbox: Any) -> None:
    order, _shoe = dearer(outbox)
    changed(order, kind=CANCEL, key="k2")
    assert OrderChange.objects.get(key="k1").state == LAPSED
    pays(order)
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 25_490
    outbox.drain()
    assert breaches() == []


def test_an_order_that_staff_cancel_while_a_change_waits(outbox: Any) -> None:
    order, _shoe = dearer(outbox)
    cancel(order=order, why="asked by phone")
    assert drop_unpaid() == 1
    assert OrderChange.objects.get().state == LAPSED
    outbox.drain()
    assert breaches() == []


def test_the_hold_of_somebody_else_stays(outbox: Any) -> None:
    from checkout.order.actions import hold

    shoe = in_stock(9, price_minor=5_000)
    order = ordered(outbox, (shoe, 2))
    hold(order=order, by=None, why="address is looked at")
    order.refresh_from_db()
    changed(order, pieces={order.lines.get().pk: 3})
    pays(order)
    order.refresh_from_db()
    assert (order.on_hold, order.hold_reason) == (True, "address is looked at")


def test_a_dearer_size_costs_the_difference(outbox: Any) -> None:
    shoe = in_stock(5, price_minor=8_000)
    other = sibling(shoe, price_minor=8_500)
    order = ordered(outbox, (shoe, 2))
    line = order.lines.get()
    changed(order, pieces={line.pk: 2}, sizes={line.pk: other.pk})
    assert pays(order).amount_minor == 1_000
    outbox.drain()
    order.refresh_from_db()
    assert (order.total_minor, order.lines.get(replaces=line).gross_minor) == (17_490, 17_000)
    assert breaches() == []


def test_a_difference_too_small_for_a_card_is_refused_in_words(outbox: Any) -> None:
    shoe = in_stock(5, price_minor=8_000)
    other = sibling(shoe, price_minor=8_030)
    order = ordered(outbox, (shoe, 1))
    line = order.lines.get()
    with pytest.raises(ChangeRefused, match=r"0\.30 cannot be charged"):
        changed(order, pieces={line.pk: 1}, sizes={line.pk: other.pk})
    assert not OrderChange.objects.exists()


def test_staff_give_the_customer_two_days_to_pay(outbox: Any, clock: Any) -> None:
    shoe = in_stock(9, price_minor=5_000)
    order = ordered(outbox, (shoe, 2))
    wish = Wish(pieces={order.lines.get().pk: 3})
    row = change(order=order, wish=wish, key="k1", by=make_user(is_staff=True), why="asked by phone")
    assert row.state == WAITING and row.payment is not None and row.payment.expires_at is not None
    clock.advance(hours=47)
    assert drop_unpaid() == 0
    assert row.payment.expires_at - row.at >= dt.timedelta(hours=47)


def test_verify_sees_a_change_that_waits_for_money_that_has_come(outbox: Any) -> None:
    dearer(outbox)
    Order.objects.update(on_hold=False)
    assert [b for b in breaches() if "is not held" in b] != []
    Payment.objects.filter(supplement=True).update(state="captured", intent_id="pi_x")
    assert [b for b in breaches() if "waits for money that has come" in b] != []
    assert [b for b in breaches() if "with its supplements" in b] != []
