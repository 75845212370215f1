"""Asking the register: what it says is kept; when it says nothing, nobody waits long and nothing breaks."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from checkout.vat_ids import vies
from checkout.vat_ids.actions import ask_again, check
from checkout.vat_ids.models import ProofIsKept, VatIdCheck
from checkout.vat_ids.treatment import untaxed_category
from shop.kernel import clock as kernel_clock
from shop.kernel.transactions import InTransaction
from tests.fulfilment.finance.orders import make_order
from tests.support.helpers import Clock
from tests.support.vies import CONSULTATION, Register

pytestmark = pytest.mark.django_db
FRENCH = "FR40303265045"


def test_a_valid_answer_is_kept_with_its_consultation_number(register: Register) -> None:
    register.valid = {FRENCH}
    answer = check(vat_id=FRENCH)
    assert (answer.outcome, answer.consultation) == ("valid", CONSULTATION)
    assert answer.answered_name == "LE CORDONNIER SARL"
    assert answer.answered_address == ""
    assert '"valid": true' in answer.answer
    assert answer.requester == "DE123456788"
    asked = register.asked[0]
    assert asked["path"].endswith("/check-vat-number")
    assert (asked["countryCode"], asked["vatNumber"]) == ("FR", "40303265045")
    assert (asked["requesterMemberStateCode"], asked["requesterNumber"]) == ("DE", "123456788")


def test_an_invalid_answer_is_kept_too(register: Register) -> None:
    answer = check(vat_id=FRENCH)
    assert (answer.outcome, answer.is_valid) == ("invalid", False)


@pytest.mark.parametrize(
    ("mode", "words"),
    [("away", "MS_UNAVAILABLE"), ("broken", "500"), ("nonsense", "not understood"), ("huge", "too long")],
)
def test_what_is_no_answer_is_noted_with_its_reason(register: Register, mode: str, words: str) -> None:
    register.mode = mode
    answer = check(vat_id=FRENCH)
    assert answer.outcome == "unanswered"
    assert words in answer.detail


@pytest.mark.parametrize("mode", ["answer", "drip"])
def test_nobody_waits_longer_than_the_limit(register: Register, mode: str, settings: Any) -> None:
    settings.VIES_TIMEOUT_S = 0.3
    register.valid, register.mode = {FRENCH}, mode
    register.slow_s = 3.0 if mode == "answer" else 0.0
    began = time.monotonic()
    answer = check(vat_id=FRENCH)
    assert time.monotonic() - began < 1.5
    assert answer.outcome == "unanswered"


def test_a_register_that_is_down_is_no_error(settings: Any) -> None:
    settings.VIES_URL = "http://127.0.0.1:9/rest-api"
    assert check(vat_id=FRENCH).outcome == "unanswered"


def test_without_an_address_nobody_is_asked(settings: Any) -> None:
    settings.VIES_URL = ""
    assert check(vat_id=FRENCH).detail.startswith("the register is not asked here")


def test_an_answer_of_today_is_used_again_and_one_of_the_day_before_is_not(
    register: Register, clock: Clock
) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC))
    register.valid = {FRENCH}
    first = check(vat_id=FRENCH)
    assert check(vat_id=FRENCH) == first
    assert check(vat_id=FRENCH, again=True) != first
    clock.stop(dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC))
    check(vat_id=FRENCH)
    assert len(register.asked) == 3


def test_a_member_state_that_is_away_is_left_in_peace_for_a_minute(register: Register, clock: Clock) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC))
    register.mode = "away"
    check(vat_id=FRENCH)
    assert check(vat_id="FR83404833048").outcome == "unanswered"
    assert len(register.asked) == 1, "the second shopper did not wait"
    check(vat_id="ATU12345675")
    assert len(register.asked) == 2, "another state was asked"
    clock.advance(seconds=61)
    register.mode, register.valid = "answer", {FRENCH}
    assert check(vat_id=FRENCH).is_valid


def test_the_register_is_never_asked_inside_a_transaction(register: Register) -> None:
    with transaction.atomic(), pytest.raises(InTransaction):
        vies.ask(FRENCH, requester="", timeout_s=1)
    assert register.asked == []


def test_a_proof_is_neither_changed_nor_deleted(register: Register) -> None:
    answer = check(vat_id=FRENCH)
    answer.outcome = "valid"
    with pytest.raises(ProofIsKept):
        answer.save()
    with pytest.raises(ProtectedError):
        answer.delete()


def test_what_the_register_left_open_is_asked_again_for_orders_alone(
    register: Register, clock: Clock
) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC))
    register.mode = "away"
    mine, nobodys = check(vat_id=FRENCH), check(vat_id="ATU12345675")
    order = make_order(country="FR")
    type(order).objects.filter(pk=order.pk).update(vat_id=FRENCH, vat_check=mine)
    clock.advance(seconds=120)
    register.mode, register.valid, register.asked[:] = "answer", {FRENCH}, []
    assert ask_again() == 1
    assert [one["vatNumber"] for one in register.asked] == ["40303265045"]
    assert VatIdCheck.objects.filter(vat_id=FRENCH).first().is_valid  # type: ignore[union-attr]
    assert ask_again() == 0, "an answered question is not asked again"
    order.refresh_from_db()
    assert order.vat_check == mine, "what was known when it was placed stays"
    assert VatIdCheck.objects.filter(vat_id=nobodys.vat_id).count() == 1


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({}, "K"),
        (
            {"destination": "AT"},
            "K",
        ),  # another member state than the one of the VAT id: still leaves for the EU
        ({"destination": "DE"}, ""),
        ({"destination": "CH"}, ""),
        ({"destination": ""}, ""),
        ({"vat_id": "DE123456788"}, ""),
        ({"vat_id": ""}, ""),
        ({"seller_vat_id": ""}, ""),
        ({"check": None}, ""),
    ],
)
def test_without_vat_only_when_all_of_it_holds(changes: dict[str, Any], category: str) -> None:
    answer = VatIdCheck(vat_id=FRENCH, outcome="valid")
    facts: dict[str, Any] = {
        "destination": "FR",
        "vat_id": FRENCH,
        "check": answer,
        "seller_vat_id": "DE123456788",
        "now": kernel_clock.now(),
    }
    assert untaxed_category(**(facts | changes)) == category


@pytest.mark.parametrize("outcome", ["invalid", "unanswered"])
def test_what_is_not_proved_is_taxed(outcome: str) -> None:
    answer = VatIdCheck(vat_id=FRENCH, outcome=outcome)
    now = kernel_clock.now()
    facts = {"destination": "FR", "vat_id": FRENCH, "seller_vat_id": "DE123456788"}
    assert untaxed_category(**facts, check=answer, now=now) == ""
    old = VatIdCheck(vat_id=FRENCH, outcome="valid", asked_at=now - dt.timedelta(days=2))
    assert untaxed_category(**facts, check=old, now=now) == ""


def test_a_register_that_is_away_leaves_one_row_a_run_not_one_per_firm(
    register: Register, clock: Clock
) -> None:
    register.mode = "away"
    for vat_id in (FRENCH, "FR83404833048", "FR23334175221"):
        order = make_order(country="FR")
        row = VatIdCheck.objects.create(vat_id=vat_id, outcome="unanswered")
        type(order).objects.filter(pk=order.pk).update(vat_id=vat_id, vat_check=row)
    clock.advance(minutes=10)
    before = VatIdCheck.objects.count()
    assert ask_again() == 0
    assert VatIdCheck.objects.count() == before + 1
