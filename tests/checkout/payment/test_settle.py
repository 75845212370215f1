"""Money never without an order, never twice: browser return, webhook and sweep all end in one capture."""

from __future__ import annotations

import random
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from checkout.payment import tasks
from checkout.payment.actions import settle, start_card_payment
from checkout.payment.events import MoneyUnmatched, PaymentCaptured
from checkout.payment.models import Payment, Refund
from checkout.payment.stripe_client import ProviderDown, client
from shop.kernel.models import InboxMessage
from tests.checkout.payment.shopper import deliver, events, pay, try_to_pay
from tests.factories.shopping import make_variant, place_order

pytestmark = pytest.mark.django_db


def card_order(**options: Any) -> tuple[Order, Payment]:
    order = place_order((options.pop("shoe", None) or make_variant(), 1), **options)
    return order, Payment.objects.get(order=order)


def test_the_same_payment_meets_the_same_intent(standin: Any) -> None:
    _order, payment = card_order()
    first = start_card_payment(payment=payment)
    assert start_card_payment(payment=Payment.objects.get(pk=payment.pk)).id == first.id
    Payment.objects.filter(pk=payment.pk).update(intent_id=None)  # the answer was lost on the way
    assert start_card_payment(payment=Payment.objects.get(pk=payment.pk)).id == first.id


def test_paid_by_card_is_captured_once_and_confirms_the_order(standin: Any, outbox: Any) -> None:
    order, payment = card_order()
    pay(start_card_payment(payment=payment).id)
    for _ in range(3):
        settle(payment_id=payment.pk)
    payment.refresh_from_db()
    order.refresh_from_db()
    assert (payment.state, order.status) == ("captured", "confirmed")
    assert payment.card_label.startswith("visa")
    assert len(outbox.events(PaymentCaptured)) == 1
    assert len(outbox.events("OrderConfirmed")) == 1


def test_a_declined_card_leaves_the_payment_open_with_the_reason(standin: Any) -> None:
    order, payment = card_order()
    intent = start_card_payment(payment=payment)
    assert try_to_pay(intent.id, "pm_card_chargeDeclinedInsufficientFunds") == "card_declined"
    payment = settle(payment_id=payment.pk)
    assert (payment.state, payment.failure_code) == ("created", "insufficient_funds")
    pay(intent.id)  # another card on the same payment
    assert settle(payment_id=payment.pk).state == "captured"


def test_three_d_secure_waits_for_the_customer(standin: Any) -> None:
    order, payment = card_order()
    assert pay(start_card_payment(payment=payment).id, "pm_card_authenticationRequired") == "requires_action"
    assert settle(payment_id=payment.pk).state == "action_required"
    order.refresh_from_db()
    assert order.status == "awaiting_payment"


def test_an_amount_that_differs_is_never_taken_for_payment(standin: Any, outbox: Any) -> None:
    order, payment = card_order()
    intent = start_card_payment(payment=payment)
    pay(intent.id)
    Payment.objects.filter(pk=payment.pk).update(amount_minor=payment.amount_minor + 1)
    settle(payment_id=payment.pk)
    payment.refresh_from_db()
    order.refresh_from_db()
    assert (payment.state, order.status) == ("failed", "awaiting_payment")
    assert [event.reference for event in outbox.events(MoneyUnmatched)] == [intent.id]


def test_webhooks_doubled_and_shuffled_end_where_one_in_order_does(
    standin: Any, client: Any, outbox: Any
) -> None:
    order, payment = card_order()
    pay(start_card_payment(payment=payment).id)
    seen = events() * 3
    random.Random(7).shuffle(seen)
    assert {deliver(client, event, standin.webhook_secret).status_code for event in seen} == {200}
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert len(outbox.events(PaymentCaptured)) == 1
    assert InboxMessage.objects.count() == len({event["id"] for event in seen})


@pytest.mark.parametrize("header", ["", "t=1,v1=00", "v1=abc", "t=x,v1=\u00e4", "🙂"])
def test_a_forged_webhook_is_refused_and_leaves_no_trace(header: str, standin: Any, client: Any) -> None:
    answer = client.post(
        "/payments/stripe/webhook",
        data=b'{"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1"}}}',
        content_type="application/json",
        headers={"Stripe-Signature": header.encode("utf-8").decode("latin-1")},
    )
    assert answer.status_code == 400
    assert not InboxMessage.objects.exists()


def test_a_replayed_old_webhook_is_refused(standin: Any, client: Any) -> None:
    import time

    from tests.checkout.payment.shopper import signed

    body = '{"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1"}}}'
    old = signed(body, standin.webhook_secret, time.time() - 3600)
    answer = client.post(
        "/payments/stripe/webhook",
        data=body,
        content_type="application/json",
        headers={"Stripe-Signature": old},
    )
    assert answer.status_code == 400


def test_a_signed_body_that_is_no_event_is_refused_with_words(standin: Any, client: Any) -> None:
    from tests.checkout.payment.shopper import signed

    for body in ("[]", "null", '{"id": 1}', '{"id": "x", "type": "y", "data": []}', "not json"):
        answer = client.post(
            "/payments/stripe/webhook",
            data=body,
            content_type="application/json",
            headers={"Stripe-Signature": signed(body, standin.webhook_secret)},
        )
        assert answer.status_code == 400, body


def test_the_sweep_finds_a_payment_whose_webhook_never_came(standin: Any, clock: Any) -> None:
    order, payment = card_order()
    pay(start_card_payment(payment=payment).id)
    assert tasks.sweep_open() == 0  # too young: browser and webhook go first
    clock.advance(seconds=29)
    assert tasks.sweep_open() == 0
    clock.advance(seconds=2)
    assert tasks.sweep_open() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"


def test_the_sweep_does_not_wait_for_a_clock_that_was_set_back(standin: Any, clock: Any) -> None:
    clock.stop()
    order, payment = card_order()
    pay(start_card_payment(payment=payment).id)
    _, unpaid = card_order()
    start_card_payment(payment=unpaid)
    clock.advance(seconds=-10)
    assert tasks.sweep_open() == 0, "two machines may be apart by so much: browser and webhook go first"
    clock.advance(minutes=-1)
    assert [tasks.sweep_open(), tasks.sweep_open()] == [2, 0], (
        "nobody knows how old they are; then they have a time"
    )
    order.refresh_from_db()
    assert order.status == "confirmed"
    clock.advance(minutes=-1)
    assert tasks.sweep_open() == 1


def test_a_payment_that_stays_open_is_asked_about_twice_a_minute_at_most(standin: Any, clock: Any) -> None:
    clock.stop()
    _, payment = card_order()
    start_card_payment(payment=payment)
    clock.advance(seconds=46)
    asked = []
    for _ in range(5):
        asked.append(tasks.sweep_open())
        clock.advance(seconds=15)
    assert asked == [1, 0, 1, 0, 1]
    clock.advance(minutes=5)
    assert tasks.sweep_open() == 1
    clock.advance(seconds=74)
    assert tasks.sweep_open() == 0, "old: most likely nobody pays any more"
    clock.advance(seconds=1)
    assert tasks.sweep_open() == 1


def test_an_order_nobody_pays_expires_and_frees_its_stock(standin: Any, clock: Any) -> None:
    shoe = make_variant(stock=1)
    order, payment = card_order(shoe=shoe)
    start_card_payment(payment=payment)
    clock.advance(minutes=29)
    assert tasks.expire() == 0
    clock.advance(minutes=2)
    assert tasks.expire() == 1
    order.refresh_from_db()
    shoe.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, shoe.num_allocated, payment.state) == ("cancelled", 0, "cancelled")


def test_an_order_paid_in_the_last_second_is_confirmed_not_expired(standin: Any, clock: Any) -> None:
    order, payment = card_order()
    pay(start_card_payment(payment=payment).id)
    clock.advance(minutes=31)
    tasks.expire()
    order.refresh_from_db()
    assert order.status == "confirmed"


def late(shoe: StockRecord) -> tuple[Order, Payment]:
    """An expired order whose money comes all the same."""
    from checkout.order.actions import cancel

    order, payment = card_order(shoe=shoe)
    intent = start_card_payment(payment=payment)
    cancel(order=order, why="test: expired while Stripe could not be asked", expired=True)
    pay(intent.id)
    return order, Payment.objects.get(pk=payment.pk)


def test_a_late_success_takes_the_stock_again(standin: Any) -> None:
    shoe = make_variant(stock=1)
    order, payment = late(shoe)
    settle(payment_id=payment.pk)
    order.refresh_from_db()
    shoe.refresh_from_db()
    assert (order.status, shoe.num_allocated) == ("confirmed", 1)


def test_a_late_success_for_sold_out_goods_is_refunded_by_itself(standin: Any, outbox: Any) -> None:
    shoe = make_variant(stock=1)
    order, payment = late(shoe)
    place_order((shoe, 1), method="invoice")
    settle(payment_id=payment.pk)
    order.refresh_from_db()
    assert order.status == "cancelled"
    tasks.send_refunds()
    refund = Refund.objects.get(payment=payment)
    assert (refund.state, refund.amount_minor) == ("succeeded", payment.amount_minor)
    assert len(outbox.events("RefundSucceeded")) == 1


@pytest.mark.parametrize("method", ["card", "prepayment"])
def test_money_for_an_order_that_somebody_cancelled_goes_back_and_brings_nothing_back(
    method: str, outbox: Any
) -> None:
    from checkout.order.actions import cancel
    from checkout.payment.actions.capture import capture

    shoe = make_variant(stock=1)
    order, payment = card_order(shoe=shoe, method=method)
    cancel(order=order, why="customer called")
    assert capture(payment=Payment.objects.get(pk=payment.pk), reference="late", why="late money")
    order.refresh_from_db()
    shoe.refresh_from_db()
    assert (order.status, shoe.num_allocated) == ("cancelled", 0)
    assert Refund.objects.get(payment=payment).amount_minor == payment.amount_minor
    assert not outbox.events("OrderConfirmed")


def test_stripe_down_says_so_and_the_retry_meets_the_same_payment(standin: Any) -> None:
    _order, payment = card_order()
    standin.control("faults", kind="status", status=500, path="/v1/payment_intents", times=1)
    with pytest.raises(ProviderDown):
        start_card_payment(payment=payment)
    assert start_card_payment(payment=payment).status == "requires_payment_method"


def test_when_the_answer_is_lost_after_the_charge_nothing_is_paid_twice(standin: Any) -> None:
    order, payment = card_order()
    standin.control("faults", kind="answer_lost_after_charge", path="/v1/payment_intents", times=1)
    with pytest.raises(ProviderDown):
        start_card_payment(payment=payment)
    intent = start_card_payment(payment=payment)
    assert len(client().v1.payment_intents.list({"limit": 10}).data) == 1
    pay(intent.id)
    assert settle(payment_id=payment.pk).state == "captured"


def test_cancelling_a_paid_order_sends_everything_back_once(standin: Any) -> None:
    from checkout.order.actions import cancel

    order, payment = card_order()
    pay(start_card_payment(payment=payment).id)
    settle(payment_id=payment.pk)
    order.refresh_from_db()
    assert cancel(order=order, why="customer called")
    assert not cancel(order=order, why="second click")
    for _ in range(2):
        tasks.send_refunds()
    assert [(r.state, r.amount_minor) for r in Refund.objects.all()] == [("succeeded", payment.amount_minor)]
