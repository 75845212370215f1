"""Two clerks, the same money: it goes back once, is asked for once, and is explained once."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from checkout.payment import approval
from checkout.payment.actions.capture import capture
from checkout.payment.actions.refunds import RefundTooLarge, refundable_minor
from checkout.payment.models import Payment, Refund
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.psp import unmatched
from fulfilment.finance.psp.models import Explanation, UnmatchedMoney
from shop.approvals.models import Approval
from tests.factories.people import make_staff
from tests.factories.shopping import make_variant, place_order
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]


def paid(price_minor: int) -> Payment:
    order = place_order((make_variant(price_minor=price_minor), 1), shipping_minor=0)
    payment = Payment.objects.get(order=order)
    capture(payment=payment, reference="pi_race", why="test")
    return payment


def clerk_gives(payment: Payment, number: int, amount_minor: int, seen_minor: int) -> str:
    person = make_staff(f"clerk{number}@example.org")
    try:
        asked = approval.give_back(
            payment=payment,
            amount_minor=amount_minor,
            seen_minor=seen_minor,
            token=str(uuid.uuid4()),
            reason_code="goodwill",
            reason="late",
            by=person,
        )
    except (approval.Changed, RefundTooLarge) as error:
        return type(error).__name__
    return "asked" if asked.approval and asked.is_new else "waits already" if asked.approval else "done"


def test_two_clerks_who_give_the_same_back_do_it_once() -> None:
    payment = paid(20_000)
    for number in range(2):
        make_staff(f"clerk{number}@example.org")
    answers = all_at_once([lambda n=n: clerk_gives(payment, n, 20_000, 20_000) for n in range(2)])
    assert sorted(answers) == ["Changed", "done"]
    assert Refund.objects.count() == 1
    assert refundable_minor(Payment.objects.get(pk=payment.pk)) == 0


def test_two_clerks_above_the_limit_ask_once() -> None:
    payment = paid(60_000)
    for number in range(2):
        make_staff(f"clerk{number}@example.org")
    answers = all_at_once([lambda n=n: clerk_gives(payment, n, 50_000, 60_000) for n in range(2)])
    assert sorted(answers) == ["asked", "waits already"]
    assert (Approval.objects.count(), Refund.objects.count()) == (1, 0)


def test_two_who_explain_the_same_money_explain_it_once() -> None:
    unmatched.make_visible(
        source="unmatched:test:pi_1",
        reference="pi_1",
        amount_minor=5_000,
        currency="EUR",
        note="",
        moment=timezone.now(),
    )
    money = UnmatchedMoney.objects.get()
    number = Account.objects.get(role="interest_income").number
    people = [make_staff(f"clerk{n}@example.org") for n in range(2)]

    def explain(person: object) -> str:
        try:
            unmatched.explain(
                money=UnmatchedMoney.objects.get(pk=money.pk),
                kind=Explanation.ACCOUNT,
                account_number=number,
                why="income",
                by=person,
            )
        except unmatched.CannotExplain:
            return "too late"
        return "done"

    assert sorted(all_at_once([lambda p=p: explain(p) for p in people])) == ["done", "too late"]
    assert Explanation.objects.count() == 1
