"""Idempotency keys: one answer per key."""

from __future__ import annotations

import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
import stripe

from checkout.payment.standin.params import fingerprint

from .conftest import connect

PARAMS = {"amount": 1999, "currency": "eur", "metadata": {"order": "K-1"}}
DECLINED = PARAMS | {
    "confirm": True,
    "payment_method": "pm_card_chargeDeclined",
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}


def test_the_same_key_and_parameters_meet_the_same_answer(client):
    key = {"idempotency_key": "payment:1"}
    first = client.v1.payment_intents.create(params=PARAMS, options=key)
    second = client.v1.payment_intents.create(params=PARAMS, options=key)
    assert first.id == second.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert len(client.v1.payment_intents.list().data) == 1


def test_the_same_key_with_other_parameters_is_refused(client):
    key = {"idempotency_key": "payment:1"}
    intent = client.v1.payment_intents.create(params=PARAMS, options=key)
    with pytest.raises(stripe.IdempotencyError) as caught:
        client.v1.payment_intents.create(params=PARAMS | {"amount": 2000}, options=key)
    assert (caught.value.http_status, caught.value.error.type) == (400, "idempotency_error")
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.payment_intents.cancel(intent.id, options=key)


def test_a_decline_is_remembered_and_charged_only_once(client):
    for _ in range(3):
        with pytest.raises(stripe.CardError) as caught:
            client.v1.payment_intents.create(params=DECLINED, options={"idempotency_key": "payment:2"})
    assert caught.value.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.charges.list().data) == 1


def test_a_parameter_mistake_is_not_remembered(client):
    key = {"idempotency_key": "payment:3"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(params={"amount": 100}, options=key)
    assert client.v1.payment_intents.create(params=PARAMS, options=key).amount == 1999


@pytest.mark.parametrize("status", [500, 429])
def test_an_error_of_the_server_is_not_remembered(client, standin, status):
    standin.control("faults", kind="status", status=status, path="/v1/payment_intents")
    key = {"idempotency_key": "payment:4"}
    with pytest.raises(stripe.StripeError) as caught:
        client.v1.payment_intents.create(params=PARAMS, options=key)
    assert caught.value.http_status == status
    assert client.v1.payment_intents.create(params=PARAMS, options=key).amount == 1999
    assert len(client.v1.payment_intents.list().data) == 1


def test_the_same_key_at_the_same_time_is_a_conflict_and_works_once(client, standin):
    standin.control("faults", kind="slow", ms=1500, path="/v1/payment_intents")
    outcomes: list[object] = []

    def create() -> None:
        try:
            outcomes.append(
                connect(standin).v1.payment_intents.create(
                    params=PARAMS, options={"idempotency_key": "payment:5"}
                )
            )
        except stripe.StripeError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    conflicts = [one for one in outcomes if isinstance(one, stripe.StripeError)]
    assert {(one.http_status, one.error.code) for one in conflicts} == {(409, "idempotency_key_in_use")}
    assert (len(outcomes), len(conflicts)) == (6, 5)
    assert len(client.v1.payment_intents.list().data) == 1


def test_the_library_retries_by_itself_through_a_conflict(standin, client):
    standin.control("faults", kind="status", status=409, times=1, path="/v1/payment_intents")
    patient = stripe.StripeClient(
        standin.secret_key, base_addresses={"api": standin.url}, max_network_retries=2
    )
    assert patient.v1.payment_intents.create(params=PARAMS).amount == 1999
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_key_is_forgotten_after_a_day(client, standin):
    key = {"idempotency_key": "payment:6"}
    first = client.v1.payment_intents.create(params=PARAMS, options=key)
    standin.control("clock", advance=24 * 3600 + 1)
    assert client.v1.payment_intents.create(params=PARAMS, options=key).id != first.id


def test_keys_survive_a_restart(client, standin):
    key = {"idempotency_key": "payment:7"}
    first = client.v1.payment_intents.create(params=PARAMS, options=key)
    standin.kill()
    standin.start()
    assert connect(standin).v1.payment_intents.create(params=PARAMS, options=key).id == first.id


def test_an_answer_lost_on_the_way_is_found_again_by_its_key(client, standin):
    params = DECLINED | {"payment_method": "pm_card_visa"}
    standin.control("faults", kind="answer_lost_after_charge", path="/v1/payment_intents")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(params=params, options={"idempotency_key": "payment:8"})
    intent = client.v1.payment_intents.create(params=params, options={"idempotency_key": "payment:8"})
    assert intent.status == "succeeded"
    assert len(client.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    "body",
    [b"amount=\xff\xfe", b"a[b=1", b"=&=&[]", b"a=1&a[b]=2", b"amount[0][0][0][0][0][0][0][0]=1", b"%00=%00"],
)
def test_bodies_that_cannot_be_read_get_a_400(standin, body):
    request = urllib.request.Request(
        f"{standin.url}/v1/payment_intents",
        data=body,
        headers={"Authorization": f"Bearer {standin.secret_key}"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400


def test_other_hosts_and_strangers_are_turned_away(standin):
    request = urllib.request.Request(f"{standin.url}/", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 421
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{standin.url}/_control/health")
    assert caught.value.code == 403


def test_the_digest_of_a_request_cannot_give_a_card_number_away():
    def print_of(number: str, cvc: str) -> str:
        data = {"payment_method_data": {"card": {"number": number, "cvc": cvc, "exp_month": "12"}}}
        return fingerprint("/v1/payment_intents", data)

    assert print_of("4000000000000002", "123") == print_of("4242424242420002", "999")
    assert print_of("4000000000000002", "123") != print_of("4000000000009995", "123")
