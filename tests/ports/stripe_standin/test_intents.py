"""Payment intents through the official library: every status, every test card we use."""

from __future__ import annotations

import json

import pytest
import stripe

from checkout.payment.standin.cards import CARDS
from tests.support import needs

from .conftest import connect

NEVER = {"enabled": True, "allow_redirects": "never"}


def enter(client, number, **card):
    """A payment method for a card number, as Stripe.js would make it."""
    card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"} | card
    return client.v1.payment_methods.create(params={"type": "card", "card": card})


def fresh(client, **more):
    params = {"amount": 1999, "currency": "eur", "automatic_payment_methods": {"enabled": True}}
    return client.v1.payment_intents.create(params=params | more)


def test_an_intent_goes_from_no_method_to_succeeded(client):
    intent = fresh(client, metadata={"order": "K-1", "payment": "7"}, description="Order K-1")
    assert (intent.status, intent.amount_received, intent.latest_charge) == (
        "requires_payment_method",
        0,
        None,
    )
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    intent = client.v1.payment_intents.update(intent.id, params={"payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    intent = client.v1.payment_intents.confirm(intent.id, params={"return_url": "https://shop.example/back"})
    assert (intent.status, intent.amount_received) == ("succeeded", 1999)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.paid, charge.captured, charge.amount_captured) == (True, True, 1999)
    assert charge.payment_method_details.card.last4 == "4242"
    assert charge.metadata.to_dict() == {"order": "K-1", "payment": "7"}
    again = client.v1.payment_intents.retrieve(intent.id)
    assert again.to_dict() == intent.to_dict()


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4000000000000119", "processing_error", None),
    ],
)
def test_a_declined_card_says_why_and_another_card_can_follow(client, number, code, decline_code):
    intent, method = fresh(client), enter(client, number)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(
            intent.id, params={"payment_method": method.id, "return_url": "https://shop.example/"}
        )
    error = caught.value.error
    assert (caught.value.http_status, error.type, error.code) == (402, "card_error", code)
    assert getattr(error, "decline_code", None) == decline_code
    assert error.payment_intent.status == "requires_payment_method"
    now = client.v1.payment_intents.retrieve(intent.id)
    assert now.last_payment_error.code == code
    assert now.payment_method is None
    failed = client.v1.charges.retrieve(now.latest_charge)
    assert (failed.status, failed.paid, failed.failure_code) == ("failed", False, code)
    paid = client.v1.payment_intents.confirm(
        intent.id, params={"payment_method": "pm_card_visa", "return_url": "https://shop.example/"}
    )
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    charges = client.v1.charges.list(params={"payment_intent": intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "4111111111111111"}, "card_declined", None),
        ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": 2020}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
    ],
)
def test_a_card_typed_wrongly_is_refused_when_entered(client, card, code, param):
    with pytest.raises(stripe.CardError) as caught:
        enter(client, **({"number": "4242424242424242"} | card))
    assert (caught.value.code, caught.value.param) == (code, param)


@pytest.mark.parametrize("card", [card for card in CARDS if card.outcome == "succeed" and not card.secure])
def test_every_good_card_pays_by_number_and_by_token(client, pay, card):
    assert pay(card.token).status == "succeeded"
    method = enter(client, card.number, cvc="1234" if card.brand == "amex" else "123")
    assert (method.card.brand, method.card.last4) == (card.brand, card.number[-4:])
    assert pay(method.id).status == "succeeded"


@pytest.mark.parametrize(
    "token", ["pm_card_chargeDeclined", "pm_card_visa_chargeDeclined", "pm_card_chargeDeclinedExpiredCard"]
)
def test_a_declined_token_fails_already_while_creating_and_leaves_the_intent(client, pay, token):
    with pytest.raises(stripe.CardError) as caught:
        pay(token)
    assert client.v1.payment_intents.retrieve(caught.value.error.payment_intent.id).status == (
        "requires_payment_method"
    )


def test_manual_capture_takes_a_part_and_releases_the_rest(client, pay):
    intent = pay(capture_method="manual", amount=5000)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 5000)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.captured, charge.balance_transaction) == (False, None)
    with pytest.raises(stripe.InvalidRequestError, match="between 1 and 5000"):
        client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 5001})
    intent = client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 3000})
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 3000, 0)
    charge = client.v1.charges.retrieve(intent.latest_charge, params={"expand": ["balance_transaction"]})
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (3000, 2000, False)
    assert (charge.balance_transaction.amount, charge.balance_transaction.fee) == (3000, 70)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"


def test_cancelling_an_authorisation_gives_the_money_free(client, pay):
    intent = pay(capture_method="manual")
    intent = client.v1.payment_intents.cancel(intent.id, params={"cancellation_reason": "abandoned"})
    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.refunded, charge.captured) == (True, False)
    assert client.v1.balance_transactions.list().data == []


def test_an_authorisation_nobody_captures_lapses_after_seven_days(client, pay, standin):
    intent = pay(capture_method="manual")
    standin.control("clock", days=7)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")


def test_what_the_status_forbids_is_refused_with_the_intent(client, pay):
    paid = pay()
    for verb in (client.v1.payment_intents.cancel, client.v1.payment_intents.confirm):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            verb(paid.id)
        assert caught.value.code == "payment_intent_unexpected_state"
        assert caught.value.error.payment_intent.id == paid.id
    with pytest.raises(stripe.InvalidRequestError, match="could not be updated"):
        client.v1.payment_intents.update(paid.id, params={"amount": 2500})
    changed = client.v1.payment_intents.update(paid.id, params={"metadata": {"order": "K-2"}})
    assert changed.metadata.order == "K-2"
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.payment_intents.confirm(fresh(client).id)
    with pytest.raises(stripe.InvalidRequestError, match="you must provide a `return_url`"):
        client.v1.payment_intents.confirm(fresh(client).id, params={"payment_method": "pm_card_visa"})


def test_a_cancelled_intent_can_be_neither_paid_nor_cancelled_again(client):
    intent = client.v1.payment_intents.cancel(fresh(client).id)
    assert intent.canceled_at >= intent.created
    for params in ({"payment_method": "pm_card_visa", "return_url": "https://shop.example/"},):
        with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
            client.v1.payment_intents.confirm(intent.id, params=params)
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.payment_intents.cancel(intent.id)


def test_processing_ends_by_itself(client, pay, standin):
    standin.control("faults", kind="processing", seconds=3600)
    intent = pay()
    assert (intent.status, intent.latest_charge) == ("processing", None)
    standin.control("clock", advance=3601)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"currency": "eur"}, "amount", "parameter_missing"),
        ({"amount": 100}, "currency", "parameter_missing"),
        ({"amount": "1.50", "currency": "eur"}, "amount", "parameter_invalid_integer"),
        ({"amount": "9" * 400, "currency": "eur"}, "amount", "parameter_invalid_integer"),
        ({"amount": -5, "currency": "eur"}, "amount", "parameter_invalid_integer"),
        ({"amount": 49, "currency": "eur"}, "amount", "amount_too_small"),
        ({"amount": 100_000_000, "currency": "eur"}, "amount", "amount_too_large"),
        ({"amount": 100, "currency": "xxx"}, "currency", None),
        ({"amount": 100, "currency": "eur", "surprise": "1"}, "surprise", "parameter_unknown"),
        ({"amount": 100, "currency": "eur", "metadata": {"k": "v" * 501}}, "metadata[k]", None),
        ({"amount": 100, "currency": "eur", "description": "a\x00b"}, "description", None),
        (
            {"amount": 100, "currency": "eur", "payment_method": "pm_none"},
            "payment_method",
            "resource_missing",
        ),
    ],
)
def test_bad_parameters_are_named(client, params, param, code):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params=params)
    assert (caught.value.param, caught.value.code) == (param, code)
    assert 400 <= caught.value.http_status < 500
    assert client.v1.payment_intents.list().data == []


def test_unknown_objects_and_addresses_are_404(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.retrieve("pi_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    assert "No such payment_intent: 'pi_none'" in str(caught.value)
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.customers.list()


def test_lists_are_paged_newest_first_and_filtered_by_time(client):
    ids = [fresh(client).id for _ in range(7)]
    first = client.v1.payment_intents.list(params={"limit": 3})
    assert ([one.id for one in first.data], first.has_more) == (ids[:3:-1], True)
    assert [one.id for one in first.auto_paging_iter()] == ids[::-1]
    back = client.v1.payment_intents.list(params={"limit": 2, "ending_before": ids[2]})
    assert [one.id for one in back.data] == [ids[4], ids[3]]
    assert client.v1.payment_intents.list(params={"created": {"lt": 1}}).data == []
    recent = client.v1.payment_intents.list(params={"created": {"gte": first.data[0].created - 60}})
    assert len(recent.data) == 7
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.list(params={"limit": 101})


def test_keys_are_checked_as_stripe_checks_them(standin, client):
    for wrong in ("sk_test_of_somebody_else", "sk_live_1234567890123456", "x"):
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
            connect(standin, wrong).v1.balance.retrieve()
    with pytest.raises(stripe.AuthenticationError) as caught:
        connect(standin, standin.publishable_key).v1.payment_intents.list()
    assert (caught.value.http_status, caught.value.error.code) == (401, "secret_key_required")
    answer = client.raw_request("get", "/v1/balance")
    assert answer.code == 200
    assert answer.headers["Request-Id"].startswith("req_")


def test_a_browser_needs_the_client_secret_and_sees_less(standin, client):
    browser = connect(standin, standin.publishable_key)
    intent = fresh(client, metadata={"internal": "note"})
    seen = browser.v1.payment_intents.retrieve(intent.id, params={"client_secret": intent.client_secret})
    assert seen.status == "requires_payment_method"
    assert not {"metadata", "latest_charge", "amount_received"} & set(seen.to_dict())
    for params in ({}, {"client_secret": f"{intent.id}_secret_guess"}):
        with pytest.raises(stripe.InvalidRequestError):
            browser.v1.payment_intents.retrieve(intent.id, params=params)
        with pytest.raises(stripe.InvalidRequestError):
            browser.v1.payment_intents.confirm(intent.id, params=params | {"payment_method": "pm_card_visa"})
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


def test_our_objects_have_every_field_of_stripes_own_fixtures(client, pay, standin):
    theirs = json.loads(needs.shared_data("stripe/fixtures.json").read_text())
    intent = pay("pm_card_createDispute", capture_method="automatic")
    standin.control("clock", advance=10)
    charge = client.v1.charges.retrieve(intent.latest_charge, params={"expand": ["refunds"]})
    refund = client.v1.refunds.create(params={"payment_intent": pay().id})
    payout = standin.control("payouts", include_pending=True)["payout"] or {}
    pay(amount=50000)
    payout = payout or standin.control("payouts", include_pending=True)["payout"]
    ours = {
        "payment_intent": intent.to_dict(),
        "charge": charge.to_dict(),
        "refund": refund.to_dict(),
        "dispute": client.v1.disputes.list().data[0].to_dict(),
        "payout": payout,
        "event": client.v1.events.list().data[0].to_dict(),
        "payment_method": client.v1.payment_methods.retrieve(intent.payment_method).to_dict(),
        "balance_transaction": client.v1.balance_transactions.list().data[0].to_dict(),
    }
    for kind, body in ours.items():
        assert set(theirs[kind]) - set(body) == set(), kind
    card = theirs["charge"]["payment_method_details"]["card"]
    assert set(card) - set(ours["charge"]["payment_method_details"]["card"]) == set()


def test_card_numbers_are_neither_kept_nor_logged(client, pay, standin):
    secret_number = "4000000000009995"
    with pytest.raises(stripe.CardError):
        pay(enter(client, secret_number, cvc="917").id)
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.create(
            params={
                "type": "card",
                "card": {"number": "4111111111111111", "exp_month": 12, "exp_year": 2034},
            },
            options={"idempotency_key": "a-real-card"},
        )
    standin.stop()
    kept = b"".join(path.read_bytes() for path in standin.state.parent.iterdir())
    assert b"insufficient_funds" in kept
    for number in (secret_number, "4111111111111111"):
        assert number.encode() not in kept
        assert number[:15].encode() not in kept


def test_3d_secure_can_be_asked_for_with_any_card(client, pay):
    options = {"card": {"request_three_d_secure": "any"}}
    intent = pay("pm_card_visa", payment_method_options=options)
    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")


def test_a_new_card_ends_the_authentication_of_the_old_one(client, pay):
    intent = pay("pm_card_authenticationRequired")
    assert intent.status == "requires_action"
    intent = client.v1.payment_intents.update(intent.id, params={"payment_method": "pm_card_visa"})
    assert (intent.status, intent.next_action) == ("requires_confirmation", None)
    assert client.v1.payment_intents.confirm(intent.id).status == "succeeded"
