"""One id from the click that placed an order to the last row of the ledger, through every hop: events and who heard
them, webhooks, states, labels, mails, pushes, postings, deeds of staff."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from checkout.order.models import Order
from checkout.payment.actions import request_refund, send_refund, start_card_payment
from checkout.payment.models import Payment
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.dispatch.models import Label
from fulfilment.warehouse.picking.models import PickList
from shop.connect.actions import add_endpoint
from shop.connect.models import INVOICE_ISSUED, ORDER_CONFIRMED, Push
from shop.dashboard.models import ORDER, StaffAction, note
from shop.kernel import inbox
from shop.kernel.models import InboxMessage, Message, StateChange
from shop.kernel.outbox import correlation, thread_of
from shop.notifications.models import OutgoingMail
from tests.checkout.payment.shopper import deliver, events, pay
from tests.factories.people import make_staff
from tests.factories.shopping import make_variant, place_order
from tests.factories.warehouse import send_everything
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def click() -> Any:
    """A request of its own, as the middleware makes it."""
    return correlation(uuid.uuid4().hex)


def test_one_id_from_the_click_to_the_ledger(standin: Any, outbox: Any, client: Client) -> None:
    add_endpoint(
        name="ERP", url="https://erp.example.org/in", events=[ORDER_CONFIRMED, INVOICE_ISSUED], by=None
    )
    staff = make_staff("lager@example.org")
    with correlation("click-that-placed-it"):
        order = place_order((shoe_in_stock(5), 2), shipping_minor=490)
    thread = order.correlation_id
    assert thread == "click-that-placed-it"
    payment = Payment.objects.get(order=order)

    with click():
        pay(start_card_payment(payment=payment).id)
    for told in events():
        assert deliver(client, told, standin.webhook_secret).status_code == 200
    outbox.drain()
    with click():
        send_everything(PickList.objects.get(order=order), by=staff)
    outbox.drain()
    with click():
        note(subject=ORDER, subject_id=order.pk, what="hold", by=staff, why="asked")
        refund = request_refund(
            payment=Payment.objects.get(order=order), amount_minor=500, source="t", reason="kind"
        )
    outbox.drain()
    send_refund(refund_id=refund.pk)
    for told in events():
        deliver(client, told, standin.webhook_secret)
    outbox.drain()
    assert outbox.failures() == []

    def ids(rows: Any) -> set[str | None]:
        found = set(rows.values_list("correlation_id", flat=True))
        assert found, f"no {rows.model.__name__} at all"
        return found

    assert ids(Message.objects.filter(payload__order_id=order.pk)) == {thread}
    assert ids(StateChange.objects.filter(machine="order", thing_id=order.pk)) == {thread}
    assert ids(StateChange.objects.filter(machine__in=("payment", "pick_list", "parcel"))) == {thread}
    assert ids(StateChange.objects.filter(machine="refund")) == {thread}
    assert ids(OutgoingMail.objects.filter(order=order)) == {thread}
    assert ids(Push.objects.all()) == {thread}
    assert ids(Label.objects.all()) == {thread}
    assert ids(StaffAction.objects.all()) == {thread}
    posted = Entry.objects.filter(lines__subject=f"order:{order.number}")
    kinds = set(posted.values_list("kind", flat=True))
    assert {"card_captured", "invoice_issued", "refund_succeeded"} <= kinds
    assert ids(posted) == {thread}
    about_money = InboxMessage.objects.filter(kind__startswith="payment_intent.")
    assert ids(about_money) == {thread}


def test_a_webhook_that_changes_nothing_any_more_joins_the_thread_too(
    standin: Any, outbox: Any, client: Any
) -> None:
    with click():
        order = place_order((make_variant(), 1))
    pay(start_card_payment(payment=Payment.objects.get(order=order)).id)
    told = [event for event in events() if event["type"] == "payment_intent.succeeded"]
    deliver(client, told[0], standin.webhook_secret)
    inbox.drain()
    again = told[0] | {"id": "evt_again"}
    deliver(client, again, standin.webhook_secret)
    inbox.drain()
    assert set(InboxMessage.objects.values_list("correlation_id", flat=True)) == {order.correlation_id}


def test_two_orders_in_one_request_keep_threads_of_their_own() -> None:
    with click():
        first = place_order((make_variant(), 1), method="invoice")
    with click():
        other = place_order((make_variant(), 1), method="invoice")
        assert thread_of("order_id", first.pk) == first.correlation_id != other.correlation_id
        with transaction.atomic():
            note(subject=ORDER, subject_id=first.pk, what="hold", by=None)
    told = dict(Message.objects.filter(name="OrderPlaced").values_list("payload__order_id", "correlation_id"))
    assert told == {first.pk: first.correlation_id, other.pk: other.correlation_id}


def test_the_thread_of_a_thing_is_asked_for_once_per_request(django_assert_num_queries: Any) -> None:
    order = place_order((make_variant(), 1))
    with click(), django_assert_num_queries(1):
        assert thread_of("order_id", order.pk) == thread_of("order_id", order.pk) == order.correlation_id
    assert thread_of("order_id", 999_999) == "" and thread_of("order_id", None) == ""
    assert thread_of("no_such_field", 1) == ""


def test_an_order_from_before_threads_gets_the_id_of_the_click() -> None:
    order = place_order((make_variant(), 1), method="prepayment")
    Order.objects.filter(pk=order.pk).update(correlation_id="")
    with correlation("now"), transaction.atomic():
        deed = note(subject=ORDER, subject_id=order.pk, what="hold", by=None)
    assert deed.correlation_id == "now"
