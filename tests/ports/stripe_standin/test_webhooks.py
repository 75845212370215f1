"""Webhooks: signed, repeated until taken, kept over a restart, and misbehaving on order."""

from __future__ import annotations

import json
import time

import pytest
import stripe

from checkout.payment.standin.process import StandIn, StandInError
from checkout.payment.standin.webhooks import RETRY_DELAYS_S

from .conftest import connect


def event_types(shop, standin):
    return [event.type for event in shop.events(standin.webhook_secret)]


def noted(standin, attempts):
    """The deliveries once the stand-in has written down that the first was tried `attempts` times."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        deliveries = standin.control("webhooks", method="GET")["deliveries"]
        if deliveries[0]["attempts"] == attempts:
            return deliveries
        time.sleep(0.02)
    raise AssertionError(f"no {attempts} attempts: {deliveries}")


def test_each_event_arrives_signed_in_order_and_can_be_asked_for(heard, standin, client, pay):
    intent = pay(metadata={"order": "K-1"})
    heard.wait_for(3)
    assert event_types(heard, standin) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    last = heard.events(standin.webhook_secret)[-1]
    assert (last.data.object.id, last.data.object.metadata["order"]) == (intent.id, "K-1")
    assert last.request.id.startswith("req_")
    assert client.v1.events.retrieve(last.id).type == last.type
    named = client.v1.events.list(params={"type": "payment_intent.*"}).data
    assert [event.type for event in named] == ["payment_intent.succeeded", "payment_intent.created"]
    exact = client.v1.events.list(params={"types": ["charge.succeeded", "charge.failed"]}).data
    assert [event.type for event in exact] == ["charge.succeeded"]


def test_a_forged_or_stale_signature_does_not_pass(heard, standin, pay):
    pay()
    heard.wait_for(1)
    body, signature = heard.received[0]
    for wrong in ((body.replace(b"1999", b"1"), signature), (body, signature.replace("v1=", "v1=0"))):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(*wrong, standin.webhook_secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, "whsec_other")


def test_a_refused_webhook_is_sent_again(heard, standin, pay):
    heard.answers = [500, 503]
    pay()
    heard.wait_for(3)
    standin.control("clock", advance=10)
    heard.wait_for(5)
    types = event_types(heard, standin)
    assert sorted(set(types)) == ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]
    bodies = [json.loads(body)["id"] for body, _ in heard.received]
    assert len(bodies) == len(set(bodies)) + 2
    standin.control("webhooks/flush")
    assert {one["state"] for one in standin.control("webhooks", method="GET")["deliveries"]} == {"delivered"}


def test_retries_end_some_day(heard, standin, client):
    heard.answers = [500] * 100
    client.v1.payment_intents.create(params={"amount": 100, "currency": "eur"})
    for attempt in range(len(RETRY_DELAYS_S) + 1):
        heard.wait_for(attempt + 1)
        deliveries = noted(standin, attempt + 1)
        standin.control("clock", days=1)
    assert [(one["state"], one["attempts"]) for one in deliveries] == [("dead", len(RETRY_DELAYS_S) + 1)]
    assert deliveries[0]["last_error"] == "answered 500"
    standin.control("webhooks/redeliver", event=deliveries[0]["event"])
    heard.wait_for(len(RETRY_DELAYS_S) + 2)


def test_what_was_not_delivered_goes_out_after_a_kill(shop):
    with StandIn(webhook_url="http://127.0.0.1:9/nobody") as standin:
        intent = connect(standin).v1.payment_intents.create(params={"amount": 100, "currency": "eur"})
        standin.kill()
        standin.webhook_url = shop.url
        standin.start()
        assert connect(standin).v1.payment_intents.retrieve(intent.id).amount == 100
        standin.control("clock", advance=10)
        shop.wait_for(1)
        assert event_types(shop, standin) == ["payment_intent.created"]


def test_a_delivery_under_way_during_a_kill_is_sent_again(heard, standin, client):
    heard.seconds = 1.5
    client.v1.payment_intents.create(params={"amount": 100, "currency": "eur"})
    heard.wait_for(1)
    standin.kill()
    heard.seconds = 0
    standin.start()
    heard.wait_for(2)
    assert event_types(heard, standin) == ["payment_intent.created"] * 2


def test_work_that_falls_due_later_survives_a_kill(client, pay, standin):
    intent = pay("pm_card_createDispute")
    standin.kill()
    standin.start()
    standin.control("clock", advance=5)
    assert connect(standin).v1.disputes.list().data[0].payment_intent == intent.id


def test_withheld_webhooks_come_when_flushed(heard, standin, pay):
    standin.control("faults", kind="withhold_webhooks", times=-1, type="payment_intent.*")
    pay()
    heard.wait_for(1)
    time.sleep(0.3)
    assert event_types(heard, standin) == ["charge.succeeded"]
    tried = standin.control("webhooks/flush")["deliveries"]
    assert [one["type"] for one in tried] == ["payment_intent.created", "payment_intent.succeeded"]
    assert len(heard.received) == 3


def test_doubled_webhooks_carry_the_same_event(heard, standin, pay):
    standin.control("faults", kind="duplicate_webhooks", type="payment_intent.succeeded")
    pay()
    heard.wait_for(4)
    ids = [
        event.id for event in heard.events(standin.webhook_secret) if event.type.endswith("intent.succeeded")
    ]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_shuffled_webhooks_come_in_another_order(heard, standin, pay):
    standin.control("faults", kind="shuffle_webhooks", times=3)
    pay()
    heard.wait_for(3)
    types = event_types(heard, standin)
    assert types != ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert len(set(types)) == 3


def test_slow_and_failing_answers_hit_only_what_they_should(standin, client, pay):
    standin.control(
        "faults",
        faults=[
            {"kind": "slow", "ms": 400, "method": "GET", "path": "/v1/balance"},
            {"kind": "status", "status": 503, "times": 2, "path": "/v1/refunds"},
        ],
    )
    began = time.monotonic()
    client.v1.balance.retrieve()
    assert time.monotonic() - began >= 0.4
    intent = pay()
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.refunds.create(params={"payment_intent": intent.id})
        assert caught.value.http_status == 503
    assert standin.control("faults", method="GET")["faults"] == []
    assert client.v1.refunds.create(params={"payment_intent": intent.id}).status == "succeeded"
    for wrong in ({"kind": "nonsense"}, {"kind": "status", "status": 7}, {"kind": "slow", "ms": "x"}):
        with pytest.raises(StandInError, match="400"):
            standin.control("faults", **wrong)


def test_faults_survive_a_restart_and_reset_forgets_everything(standin, client, pay):
    pay()
    standin.control("faults", kind="status", status=500, path="/v1/balance")
    standin.restart()
    client = connect(standin)
    with pytest.raises(stripe.APIError):
        client.v1.balance.retrieve()
    standin.control("faults", kind="status", status=500, times=-1)
    standin.control("reset")
    assert client.v1.payment_intents.list().data == []
    assert client.v1.events.list().data == []


def test_it_starts_within_half_a_second_and_says_when_it_cannot(standin):
    began = time.monotonic()
    standin.restart()
    assert time.monotonic() - began < 1.5, "0.2 s alone; the rest is for a busy machine"
    with pytest.raises(StandInError, match="cannot listen"):
        StandIn(port=standin.port).start()


def test_an_event_taken_has_no_pending_webhooks(heard, standin, client):
    client.v1.payment_intents.create(params={"amount": 100, "currency": "eur"})
    heard.wait_for(1)
    standin.control("webhooks/flush")
    deadline = time.monotonic() + 3
    while client.v1.events.list().data[0].pending_webhooks and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.v1.events.list().data[0].pending_webhooks == 0


def test_it_ends_with_the_process_that_started_it(standin):
    process = standin._process
    process.stdin.close()
    assert process.wait(5) == 0


def test_the_state_file_is_for_its_owner_only(standin, tmp_path):
    assert standin.state.stat().st_mode & 0o077 == 0
    with pytest.raises(StandInError, match="cannot be used"):
        StandIn(state=tmp_path / "missing" / "state.sqlite3").start()
