"""Stripe's stand-in follows a script of faults; whatever it is, after the sweeps money and order agree and nothing was
charged or sent back twice. And webhooks: doubled, shuffled and late they end where once and in order does.

``CHAOS_WEBHOOKS=10000`` delivers that many; ``KONTOR_SEED`` repeats an order of theirs.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from catalogue.partner.models import StockRecord
from checkout.order.actions import cancel
from checkout.order.models import Order
from checkout.payment import tasks
from checkout.payment.actions import settle, start_card_payment
from checkout.payment.models import Payment, Refund
from checkout.payment.standin.process import StandIn
from checkout.payment.stripe_client import ProviderDown, ProviderRefused, client
from fulfilment.finance.ledger.models import EntryLine
from shop.kernel import invariants
from shop.kernel.models import InboxMessage, Message
from tests.checkout.payment.shopper import deliver, pay, try_to_pay
from tests.factories.shopping import make_variant, place_order
from tests.factories.stock import make_received_variant
from tests.support.chance import seed
from tests.support.standins import pointed_at

pytestmark = pytest.mark.django_db
DELIVERIES = int(os.environ.get("CHAOS_WEBHOOKS", "300"))
COPIES = 3
#: A machine that runs tests may be slow to answer; only where slowness is the fault it is not waited for.
PATIENT_S, IMPATIENT_S = 20.0, 0.3


@pytest.fixture
def standin(standin_process: StandIn, settings: Any) -> StandIn:
    return pointed_at(standin_process, settings, PATIENT_S)


SCRIPTS: dict[str, dict[str, Any]] = {
    "slow": {"kind": "slow", "ms": 600},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502},
    "503": {"kind": "status", "status": 503},
    "409": {"kind": "status", "status": 409},
    "429": {"kind": "status", "status": 429},
    "answer lost": {"kind": "answer_lost_after_charge"},
}
CALLS = {
    "opening": {"method": "POST", "path": "/v1/payment_intents"},
    "asking": {"method": "GET", "path": "/v1/payment_intents/*"},
    "sending back": {"method": "POST", "path": "/v1/refunds"},
}


def tried(deed: Any) -> None:
    """Do it; that Stripe is away now is no news here."""
    with contextlib.suppress(ProviderDown, ProviderRefused):
        deed()


def hindered(settings: Any, script: str) -> None:
    """While the script acts, slow answers are not waited for."""
    settings.STRIPE_TIMEOUT_S = IMPATIENT_S if script == "slow" else PATIENT_S


def at_last() -> Iterator[int]:
    """Again and again, a tenth of a second apart, up to a hundred times."""
    for number in range(100):
        yield number
        time.sleep(0.1)


def sweeps(clock: Any, rounds: int = 3) -> None:
    """What beat starts, some minutes on."""
    for _ in range(rounds):
        clock.advance(minutes=5)
        tasks.sweep_open()
        tasks.send_refunds()
        tasks.expire()


def everything_holds() -> None:
    """What `manage.py verify` looks at, all of it."""
    assert [finding for finding in invariants.verify() if not finding.holds] == []


@pytest.mark.cell("Stripe", "slow")
@pytest.mark.cell("Stripe", "errors")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_after_the_sweeps_money_and_order_agree(
    script: str, call: str, standin: StandIn, clock: Any, outbox: Any, settings: Any
) -> None:
    if script == "answer lost" and call == "asking":
        call = "opening"  # reading changes nothing, so there is nothing to lose
    order = place_order((make_received_variant(10), 1))
    payment = Payment.objects.get(order=order)
    standin.control("faults", **SCRIPTS[script], **CALLS[call], times=2)
    hindered(settings, script if call == "opening" else "")
    for _click in range(2):
        tried(lambda: start_card_payment(payment=Payment.objects.get(pk=payment.pk)))
    hindered(settings, "")
    for _click in at_last():  # a slow one may still be at it: 409, the key is in use
        tried(lambda: start_card_payment(payment=Payment.objects.get(pk=payment.pk)))
        payment.refresh_from_db()
        if payment.intent_id:
            break
    pay(payment.intent_id)
    hindered(settings, script if call == "asking" else "")
    tried(lambda: settle(payment_id=payment.pk))
    sweeps(clock, 1)
    hindered(settings, "")
    sweeps(clock)
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.state) == ("confirmed", "captured")
    assert cancel(order=order, why="changed their mind")
    hindered(settings, script if call == "sending back" else "")
    sweeps(clock, 2)
    hindered(settings, "")
    refund = Refund.objects.get(payment=payment)
    for _sweep in at_last():
        sweeps(clock, 1)
        refund.refresh_from_db()
        if refund.state == "succeeded":
            break
    assert (refund.state, refund.amount_minor) == ("succeeded", payment.amount_minor)
    assert [one.amount_received for one in client().v1.payment_intents.list({"limit": 10}).data] == [
        payment.amount_minor
    ]
    assert [one.amount for one in client().v1.refunds.list({"limit": 10}).data] == [payment.amount_minor]
    outbox.drain()
    assert outbox.failures() == []
    assert len(outbox.events("PaymentCaptured")) == len(outbox.events("RefundSucceeded")) == 1
    everything_holds()


@pytest.mark.parametrize("script", ["slow", "500", "409", "429"])
def test_an_order_is_not_given_up_while_nobody_can_say_whether_it_was_paid(
    script: str, standin: StandIn, clock: Any, settings: Any
) -> None:
    order = place_order((make_variant(stock=1), 1))
    payment = Payment.objects.get(order=order)
    pay(start_card_payment(payment=payment).id)
    standin.control("faults", **SCRIPTS[script], times=-1)
    clock.advance(minutes=31)
    hindered(settings, script)
    tasks.expire()
    order.refresh_from_db()
    assert order.status == "awaiting_payment"
    standin.control("faults", method="DELETE")
    hindered(settings, "")
    sweeps(clock, 1)
    order.refresh_from_db()
    assert order.status == "confirmed"


def happenings(number: int) -> list[tuple[Order, Payment]]:
    """Things that happen to payments at Stripe, of all kinds in turn."""
    shoe = make_received_variant(number)
    found = []
    for n in range(number):
        order = place_order((shoe, 1), email=f"kunde{n}@example.org")
        payment = Payment.objects.get(order=order)
        intent = start_card_payment(payment=payment).id
        kind = n % 6
        if kind == 1:
            try_to_pay(intent, "pm_card_chargeDeclinedInsufficientFunds")
        if kind == 2:
            try_to_pay(intent, "pm_card_authenticationRequired")
        elif kind == 3:
            try_to_pay(intent, "pm_card_chargeDeclined")
        elif kind == 4:
            client().v1.payment_intents.cancel(intent)
        else:
            pay(intent)
        if kind == 5:
            client().v1.refunds.create({"payment_intent": intent})
        found.append((order, payment))
    return found


def told() -> list[dict[str, Any]]:
    """Everything Stripe has to tell, oldest first."""
    return [event.to_dict() for event in client().v1.events.list({"limit": 100}).auto_paging_iter()][::-1]


def end_state() -> dict[str, Any]:
    """What all this came to: orders, payments, refunds, stock, books, and what was told to whom."""
    return {
        "orders": sorted(Order.objects.values_list("number", "status")),
        "payments": sorted(Payment.objects.values_list("pk", "state", "failure_code")),
        "refunds": sorted(Refund.objects.values_list("payment_id", "state", "amount_minor")),
        "stock": sorted(StockRecord.objects.values_list("pk", "num_in_stock", "num_allocated")),
        "books": sorted(EntryLine.objects.values_list("account__number", "debit_minor", "credit_minor")),
        "told": Counter(Message.objects.values_list("name", flat=True)),
    }


def test_webhooks_doubled_shuffled_and_late_end_where_once_and_in_order_does(
    standin: StandIn, clock: Any, outbox: Any, client: Client
) -> None:
    chosen = seed("CHAOS_SEED")
    print(f"CHAOS_SEED={chosen}")
    happenings(max(6, DELIVERIES // (COPIES * 4)))
    events = told()
    storm = (events * (DELIVERIES // len(events) + 1))[:DELIVERIES]
    assert set(map(repr, storm)) == set(map(repr, events)), "each is told at least once"

    def hear(those: list[dict[str, Any]]) -> None:
        for event in those:
            assert deliver(client, event, standin.webhook_secret).status_code == 200
        outbox.drain()

    before = transaction.savepoint()
    for event in events:
        hear([event])
    expected = end_state()
    transaction.savepoint_rollback(before)
    assert not InboxMessage.objects.exists()

    random.Random(chosen).shuffle(storm)
    late = len(storm) // 3
    hear(storm[late:])
    sweeps(clock, 1)
    hear(storm[:late])
    found = end_state()
    assert found == expected
    assert InboxMessage.objects.count() == len(events)
    assert outbox.failures() == []
    everything_holds()
