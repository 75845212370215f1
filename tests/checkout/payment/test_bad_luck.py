"""Money on bad days: events late, doubled or in the wrong order, rows that block others, other people's intents."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from checkout.order.actions import cancel
from checkout.order.models import Order
from checkout.payment import stripe_client, tasks
from checkout.payment.actions import change_method, note_dispute, settle, start_card_payment
from checkout.payment.actions.capture import capture
from checkout.payment.events import (
    DisputeWon,
    MoneyUnmatched,
    PaymentCaptured,
    PaymentDisputed,
    PaymentReminderDue,
)
from checkout.payment.models import Payment, Refund
from checkout.payment.stripe_client import ProviderRefused, client
from shop.kernel import clock
from shop.kernel.states import move
from tests.checkout.payment.shopper import deliver, events, pay
from tests.factories.shopping import make_variant, place_order

pytestmark = pytest.mark.django_db


def card_order(**options: Any) -> tuple[Order, Payment]:
    order = place_order((make_variant(stock=3), 1), **options)
    return order, Payment.objects.get(order=order)


def paid_order(card: str = "pm_card_visa") -> tuple[Order, Payment]:
    order, payment = card_order()
    pay(start_card_payment(payment=payment).id, card)
    return order, payment


def open_dispute(standin: Any, payment: Payment, **options: Any) -> str:
    intent = client().v1.payment_intents.retrieve(payment.intent_id or "")
    answer = standin.control("disputes", charge=intent.latest_charge, **options)
    return str(answer["dispute"]["id"])


def test_a_disputed_payment_is_not_captured_again_by_looking_at_it(standin: Any, outbox: Any) -> None:
    _order, payment = paid_order()
    payment = settle(payment_id=payment.pk)
    assert note_dispute(dispute_id=open_dispute(standin, payment))
    assert settle(payment_id=payment.pk).state == "disputed"
    assert Payment.objects.filter(answer_dispute_by__gt=clock.now()).count() == 1
    stale = Payment.objects.get(pk=payment.pk)
    assert not capture(payment=stale, reference="again", why="late webhook")
    assert len(outbox.events(PaymentCaptured)) == 1


def test_a_dispute_heard_before_the_capture_is_not_forgotten(standin: Any, outbox: Any) -> None:
    _order, payment = paid_order()
    assert note_dispute(dispute_id=open_dispute(standin, payment))
    payment.refresh_from_db()
    assert payment.state == "disputed"
    assert len(outbox.events(PaymentCaptured)) == len(outbox.events(PaymentDisputed)) == 1


def test_a_dispute_heard_of_only_when_it_is_lost_still_took_the_money(standin: Any, outbox: Any) -> None:
    _order, payment = paid_order()
    payment = settle(payment_id=payment.pk)
    dispute = open_dispute(standin, payment)
    client().v1.disputes.close(dispute)
    assert note_dispute(dispute_id=dispute)
    assert not note_dispute(dispute_id=dispute)
    assert [event.amount_minor for event in outbox.events(PaymentDisputed)] == [payment.amount_minor]
    payment.refresh_from_db()
    assert payment.answer_dispute_by is None  # nothing can be answered any more


def test_a_dispute_that_is_won_is_told_once(standin: Any, outbox: Any) -> None:
    _order, payment = paid_order()
    payment = settle(payment_id=payment.pk)
    dispute = open_dispute(standin, payment)
    assert note_dispute(dispute_id=dispute)
    client().v1.disputes.update(dispute, params={"evidence": {"uncategorized_text": "winning_evidence"}})
    standin.control("clock", advance=5)
    assert note_dispute(dispute_id=dispute)
    assert not note_dispute(dispute_id=dispute)
    payment.refresh_from_db()
    assert (payment.state, payment.answer_dispute_by) == ("captured", None)
    assert [event.amount_minor for event in outbox.events(DisputeWon)] == [payment.amount_minor]


def test_a_dispute_won_for_an_order_that_was_cancelled_sends_its_money_back(
    standin: Any, outbox: Any
) -> None:
    order, payment = paid_order()
    payment = settle(payment_id=payment.pk)
    dispute = open_dispute(standin, payment)
    assert note_dispute(dispute_id=dispute)
    order.refresh_from_db()
    cancel(order=order, why="not wanted")
    assert not Refund.objects.exists(), "the bank has the money"
    client().v1.disputes.update(dispute, params={"evidence": {"uncategorized_text": "winning_evidence"}})
    standin.control("clock", advance=5)
    assert note_dispute(dispute_id=dispute)
    assert Refund.objects.get(payment=payment).amount_minor == payment.amount_minor


def test_an_inquiry_takes_no_money(standin: Any, outbox: Any) -> None:
    _order, payment = paid_order()
    payment = settle(payment_id=payment.pk)
    assert not note_dispute(dispute_id=open_dispute(standin, payment, inquiry=True))
    payment.refresh_from_db()
    assert payment.state == "captured"
    assert outbox.events(PaymentDisputed) == []


def test_money_that_differs_is_told_once_however_often_it_is_looked_at(
    standin: Any, outbox: Any, client: Any
) -> None:
    order, payment = paid_order()
    Payment.objects.filter(pk=payment.pk).update(amount_minor=payment.amount_minor + 1)
    client.force_login(owner_of(order))
    for _ in range(2):
        answer = client.get(reverse("checkout:return", kwargs={"number": order.number}))
        assert answer.status_code == 302
    assert len(outbox.events(MoneyUnmatched)) == 1


def test_money_that_differs_on_a_cancelled_payment_is_told_too(standin: Any, outbox: Any) -> None:
    _order, payment = paid_order()
    move(payment, to="cancelled", why="test")
    Payment.objects.filter(pk=payment.pk).update(amount_minor=payment.amount_minor + 1)
    assert settle(payment_id=payment.pk).state == "failed"
    assert len(outbox.events(MoneyUnmatched)) == 1


def test_an_order_without_an_open_payment_expires_too(clock: Any) -> None:
    order, payment = card_order()
    record = order.lines.get().stockrecord
    move(payment, to="cancelled", why="cancelled at Stripe")
    assert tasks.expire() == 0
    clock.advance(minutes=31)
    assert tasks.expire() == 1
    record.refresh_from_db()
    assert record.num_allocated == 0


def test_the_last_way_to_pay_decides_how_long_an_order_waits(clock: Any) -> None:
    to_card, _payment = card_order(method="prepayment")
    change_method(order=to_card, method="card")
    to_transfer, _payment = card_order()
    change_method(order=to_transfer, method="prepayment")
    clock.advance(minutes=31)
    assert tasks.expire() == 1
    to_card.refresh_from_db()
    to_transfer.refresh_from_db()
    assert (to_card.status, to_transfer.status) == ("cancelled", "awaiting_payment")


def test_one_order_that_cannot_be_closed_does_not_keep_the_others(clock: Any, monkeypatch: Any) -> None:
    stuck, payment = card_order()
    Payment.objects.filter(pk=payment.pk).update(intent_id="pi_unknown")
    other, _payment = card_order()

    def refuse(intent_id: str) -> None:
        raise ProviderRefused("No such payment_intent", "resource_missing")

    monkeypatch.setattr(stripe_client, "cancel_intent", refuse)
    monkeypatch.setattr(stripe_client, "retrieve_intent", refuse)
    clock.advance(minutes=31)
    assert tasks.expire() == 1
    other.refresh_from_db()
    assert other.status == "cancelled"


def test_a_payment_stripe_does_not_know_goes_to_the_end_of_the_sweep(clock: Any, monkeypatch: Any) -> None:
    _order, payment = card_order()
    Payment.objects.filter(pk=payment.pk).update(intent_id="pi_unknown")

    def refuse(intent_id: str) -> None:
        raise ProviderRefused("No such payment_intent", "resource_missing")

    monkeypatch.setattr(stripe_client, "retrieve_intent", refuse)
    clock.advance(minutes=3)
    assert tasks.sweep_open() == 0
    payment.refresh_from_db()
    assert payment.asked_at is not None


def test_one_payment_that_breaks_the_sweep_keeps_no_other_from_being_asked_about(
    clock: Any, monkeypatch: Any
) -> None:
    payments = [card_order()[1], card_order()[1]]
    for payment in payments:
        Payment.objects.filter(pk=payment.pk).update(intent_id=f"pi_{payment.pk}")
    asked: list[int] = []

    def settle(*, payment_id: int) -> None:
        asked.append(payment_id)
        if len(asked) == 1:
            raise ValueError("nobody thought of this")

    monkeypatch.setattr(tasks, "settle", settle)
    clock.advance(minutes=3)
    with pytest.raises(ValueError, match="nobody thought"):
        tasks.sweep_open()
    assert set(asked) == {payment.pk for payment in payments}, "and the failure is not hidden"


def test_another_shops_intent_is_not_taken_for_a_payment_of_ours(
    standin: Any, client: Any, outbox: Any
) -> None:
    """Two shops in one Stripe account: theirs carries the number of a prepayment row of ours."""
    _order, prepayment = card_order(method="prepayment")
    _order, card = card_order()
    for ours in (prepayment, card):
        theirs = stripe_client.create_intent(
            amount_minor=ours.amount_minor,
            currency="EUR",
            order_number="SHOP-2-77",
            payment_id=ours.pk,
            email="x@example.org",
            key=f"foreign:{ours.pk}",
        )
        pay(theirs.id)
    for event in events():
        deliver(client, event, standin.webhook_secret)
    outbox.drain()
    assert set(Payment.objects.values_list("state", "intent_id")) == {("created", None)}
    assert len({event.reference for event in outbox.events(MoneyUnmatched)}) == 2


def test_a_webhook_faster_than_our_own_call_finds_its_payment(standin: Any, client: Any, outbox: Any) -> None:
    order, payment = paid_order()
    Payment.objects.filter(pk=payment.pk).update(intent_id=None)  # the answer is still on its way
    for event in events():
        deliver(client, event, standin.webhook_secret)
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert outbox.events(MoneyUnmatched) == []


def test_money_on_an_abandoned_card_closes_the_prepayment_beside_it(standin: Any, clock: Any) -> None:
    order, card = card_order()
    change_method(order=order, method="prepayment")
    # Its page was still loading: the intent was made after the change.
    pay(start_card_payment(payment=Payment.objects.get(pk=card.pk)).id)
    settle(payment_id=card.pk)
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert sorted(order.payments.values_list("method", "state")) == [
        ("card", "captured"),
        ("prepayment", "cancelled"),
    ]


def test_a_reminder_names_the_day_of_the_shop_and_comes_only_while_there_is_time(
    clock: Any, outbox: Any
) -> None:
    clock.stop(dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC))  # half past midnight of 2 July in Hamburg
    card_order(method="prepayment")
    clock.advance(days=4)
    assert tasks.remind() == 1
    assert [event.expires_on for event in outbox.events(PaymentReminderDue)] == ["2026-07-09"]
    card_order(method="prepayment")
    clock.advance(days=8)
    assert tasks.remind() == 0


def test_a_failed_refund_tried_again_asks_the_provider_anew(standin: Any) -> None:
    from checkout.payment.actions.refunds import request_refund, send_refund

    _order, payment = paid_order()
    payment = settle(payment_id=payment.pk)
    refund = request_refund(payment=payment, amount_minor=500, source="test:1", reason="test")
    first = refund.idempotency_key
    send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    move(refund, to="failed", why="the bank sent it back")
    move(refund, to="requested", why="tried again by staff")
    assert Refund.objects.get(pk=refund.pk).idempotency_key != first
    old = refund.psp_id
    send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert refund.psp_id != old


def owner_of(order: Order) -> Any:
    from tests.factories.shopping import make_user

    user = make_user()
    Order.objects.filter(pk=order.pk).update(user=user)
    return user
