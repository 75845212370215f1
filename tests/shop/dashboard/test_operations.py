"""What is stuck is named with its cause, and what staff do about it is safe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.order.models import Order
from checkout.payment.actions import receive_transfer
from checkout.payment.models import Payment, Refund
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.warehouse.picking.models import PickList
from shop.dashboard import operations
from shop.kernel import clock as house_clock
from shop.kernel import inbox
from shop.kernel.models import Delivery, InboxMessage
from tests.factories.shopping import make_variant, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(as_role: Callable[[str], Client]) -> Client:
    return as_role("manager")


@pytest.fixture
def order() -> Order:
    """An order whose money has come, with deliveries that wait."""
    found = place_order((make_variant(), 1), method="prepayment")
    receive_transfer(payment=Payment.objects.get(), amount_minor=found.total_minor, reference="t1")
    return found


def page(desk: Client) -> Any:
    answer = desk.get(reverse("dashboard:operations"))
    assert answer.status_code == 200
    return answer


def test_a_quiet_house_says_so(desk: Client) -> None:
    assert page(desk).context["fine"]


def test_a_delivery_that_was_given_up_is_shown_with_its_cause_and_done_after_a_retry(
    desk: Client, order: Order, outbox: Any
) -> None:
    dead = Delivery.objects.filter(message__name="OrderConfirmed", subscriber__contains="pick").get()
    Delivery.objects.filter(pk=dead.pk).update(state="dead", attempts=12, last_error="KeyError: 'bin'")
    assert "KeyError" in page(desk).content.decode()
    outbox.drain()
    assert not PickList.objects.filter(order=order).exists()
    desk.post(reverse("dashboard:retry", args=["delivery", dead.pk]))
    outbox.drain()
    assert PickList.objects.filter(order=order).count() == 1
    assert page(desk).context["deliveries"]["rows"] == []


def test_a_retry_of_what_is_done_does_nothing_twice(desk: Client, order: Order, outbox: Any) -> None:
    outbox.drain()
    done = Delivery.objects.filter(state="done").first()
    assert done is not None
    desk.post(reverse("dashboard:retry", args=["delivery", done.pk]))
    done.refresh_from_db()
    assert done.state == "done"


def test_overdue_deliveries_show_that_no_worker_runs(desk: Client, order: Order, clock: Any) -> None:
    clock.stop()
    clock.advance(minutes=20)
    answer = page(desk)
    assert answer.context["deliveries"]["rows"]
    assert answer.context["oldest_pending"] is not None


def test_all_of_a_kind_are_tried_again_at_once(desk: Client, order: Order, outbox: Any) -> None:
    Delivery.objects.update(state="dead", attempts=12, last_error="x")
    desk.post(reverse("dashboard:retry-all", args=["delivery"]))
    assert not Delivery.objects.filter(state="dead").exists()
    outbox.drain()
    assert PickList.objects.count() == 1


def test_a_message_nobody_understood_is_tried_again(desk: Client) -> None:
    row, _new = inbox.receive(source="stripe", external_id="evt_1", body="{}", kind="odd")
    InboxMessage.objects.filter(pk=row.pk).update(state="dead", last_error="ValueError: no object")
    assert "no object" in page(desk).content.decode()
    desk.post(reverse("dashboard:retry", args=["inbox", row.pk]))
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 0)


@pytest.mark.parametrize("path", ["delivery/999999/", "inbox/999999/", "gold/1/", "gold/all/"])
def test_what_is_not_there_cannot_be_retried(path: str, desk: Client) -> None:
    assert desk.post(f"{reverse('dashboard:operations')}{path}").status_code == 404
    assert desk.get(f"{reverse('dashboard:operations')}delivery/1/").status_code == 405


def stuck_payment(clock: Any) -> Payment:
    clock.stop()
    order = place_order((make_variant(), 1))
    Payment.objects.filter(order=order).update(intent_id="pi_1")
    clock.advance(minutes=11)
    return Payment.objects.get(order=order)


def test_a_stuck_payment_is_asked_about_at_the_provider(
    desk: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = stuck_payment(clock)
    assert payment.order.number in page(desk).content.decode()
    asked = []

    def settle(*, payment_id: int, by: Any) -> Payment:
        asked.append((payment_id, by.email))
        return payment

    monkeypatch.setattr(operations, "settle", settle)
    assert desk.post(reverse("dashboard:ask-payment", args=[payment.pk])).status_code == 302
    assert asked == [(payment.pk, "manager@example.org")]


@pytest.mark.parametrize("error", [ProviderDown("no route"), ProviderRefused("no such intent")])
def test_a_provider_that_does_not_answer_changes_nothing(
    error: Exception, desk: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = stuck_payment(clock)

    def settle(**_: Any) -> Payment:
        raise error

    monkeypatch.setattr(operations, "settle", settle)
    answer = desk.post(reverse("dashboard:ask-payment", args=[payment.pk]), follow=True)
    assert answer.status_code == 200
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    payment.refresh_from_db()
    assert payment.state == "created"


def test_a_failed_refund_is_sent_again_as_a_new_wish(
    desk: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = stuck_payment(clock)
    Payment.objects.filter(pk=payment.pk).update(state="captured")
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=100,
        source="test",
        reason="x",
        state="failed",
        failure_text="card closed",
    )
    assert "card closed" in page(desk).content.decode()
    sent = []
    monkeypatch.setattr(operations, "send_refund", lambda *, refund_id: sent.append(refund_id) or True)
    desk.post(reverse("dashboard:refund-again", args=[refund.pk]))
    refund.refresh_from_db()
    assert sent == [refund.pk]
    # With the old key the provider would only repeat its old answer.
    assert (refund.state, refund.idempotency_key) == ("requested", f"refund:{refund.pk}:1")


def test_the_page_costs_the_same_for_none_and_many(desk: Client, clock: Any) -> None:
    page(desk)
    with CaptureQueriesContext(connection) as none:
        page(desk)
    for number in range(12):
        row, _new = inbox.receive(source="stripe", external_id=f"evt_{number}", body="{}")
        InboxMessage.objects.filter(pk=row.pk).update(state="dead")
    with transaction.atomic():
        for _ in range(12):
            place_order((make_variant(), 1), method="prepayment")
    Delivery.objects.update(state="dead", next_attempt_at=house_clock.now() - dt.timedelta(hours=1))
    with CaptureQueriesContext(connection) as many:
        assert len(page(desk).context["inbox"]["rows"]) == 12
    assert len(many) == len(none) <= 15
