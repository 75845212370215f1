"""Browser return, webhook and sweep at once: one capture, one confirmation."""

from __future__ import annotations

import json

import pytest

from checkout.payment.actions import settle, start_card_payment
from checkout.payment.models import Payment
from checkout.payment.standin.process import StandIn
from shop.kernel import inbox
from shop.kernel.models import Delivery, Message
from tests.checkout.payment.shopper import events, pay
from tests.factories.shopping import make_variant, place_order
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]


def test_browser_webhook_and_sweep_at_once_capture_once(fresh_database: None, standin: StandIn) -> None:
    order = place_order((make_variant(), 1))
    payment = Payment.objects.get(order=order)
    pay(start_card_payment(payment=payment).id)
    told = [event for event in events() if event["type"] == "payment_intent.succeeded"]
    assert told
    rows = [
        inbox.receive(source="stripe", external_id=f"{event['id']}-{copy}", body=json.dumps(event))[0]
        for event in told
        for copy in range(4)
    ]
    deeds = [lambda: settle(payment_id=payment.pk) for _ in range(8)]
    deeds += [lambda pk=row.pk: inbox.handle(pk) for row in rows]  # type: ignore[misc]
    answers = all_at_once(deeds)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.state) == ("confirmed", "captured")
    assert Message.objects.filter(name="PaymentCaptured").count() == 1
    assert Message.objects.filter(name="OrderConfirmed").count() == 1
    heard = Delivery.objects.filter(message__name="OrderConfirmed").values_list("subscriber", flat=True)
    assert len(heard) == len(set(heard))
