"""Who pays well may buy more on account; who does not, less; staff may say otherwise with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from checkout.payment.models import CustomerCredit
from checkout.payment.rules import Case, check
from fulfilment.finance.dunning.actions import override_limit, reckon_limit, run
from fulfilment.finance.dunning.models import CreditFormula, CustomerLimit
from fulfilment.finance.dunning.scoring import Behaviour, score
from fulfilment.finance.invoicing.models import Invoice
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.people import make_staff
from tests.factories.shopping import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize(
    ("seen", "points", "limit"),
    [
        (Behaviour(), 40, 80_000),
        (Behaviour(paid_on_time=6), 70, 150_000),
        (Behaviour(paid_on_time=100, years=9), 92, 150_000),
        (Behaviour(paid_on_time=1, paid_late=1, days_late=20), 35, 30_000),
        (Behaviour(dunning_level=2, overdue_minor=1), 0, 0),
        (Behaviour(paid_on_time=8, written_off=True), 20, 10_000),
    ],
)
def test_the_formula_by_example(seen: Behaviour, points: int, limit: int, db: None) -> None:
    found = score(CreditFormula(), seen)
    assert (found.points, found.limit_minor) == (points, limit)


def test_paying_in_time_raises_the_limit_and_the_checkout_knows_it(clock: Any, outbox: Any) -> None:
    clock.on(dt.date(2026, 9, 1))
    anna = make_user("anna@example.org")
    for _ in range(6):
        pay_invoice(invoice_for(anna))
    outbox.drain()
    assert CustomerCredit.objects.get(user=anna).limit_minor == 150_000
    row = CustomerLimit.objects.get(user=anna)
    assert sum(part["points"] for part in row.reasons) == row.points == 70


def test_a_reminded_customer_may_buy_less_and_is_told_what_to_do(debt: Invoice, outbox: Any) -> None:
    outbox.drain()
    credit = CustomerCredit.objects.get(user_id=debt.user_id)
    assert credit.limit_minor == 0
    CustomerCredit.objects.filter(pk=credit.pk).update(dunning_level=0, released=True)
    offer = check("invoice", Case(5_000, "DE", "DE", debt.user))
    assert not offer.allowed
    assert "card" in offer.reason or "Karte" in offer.reason


def test_staff_set_a_limit_with_a_reason_and_the_history_names_them(clock: Any) -> None:
    clock.on(dt.date(2026, 9, 1))
    anna, clerk = make_user("anna@example.org"), make_staff("clerk@example.org")
    with pytest.raises(ValueError, match=r"."):
        override_limit(user_id=anna.pk, limit_minor=500_00, why=" ", by=clerk)
    override_limit(user_id=anna.pk, limit_minor=50_000, why="keeps two shops", by=clerk)
    assert CustomerCredit.objects.get(user=anna).limit_minor == 50_000
    reckon_limit(user_id=anna.pk)
    assert CustomerCredit.objects.get(user=anna).limit_minor == 50_000
    override_limit(user_id=anna.pk, limit_minor=None, why="as everybody", by=clerk)
    assert CustomerCredit.objects.get(user=anna).limit_minor == 80_000
    changes = CustomerLimit.history.filter(user=anna).order_by("-history_id")
    assert changes[0].history_user == clerk
    assert [change.override_why for change in changes if change.override_minor] == ["keeps two shops"]


def test_nothing_is_reckoned_while_the_formula_is_not_in_use(clock: Any) -> None:
    CreditFormula.objects.update(active=False)
    anna = make_user("anna@example.org")
    assert reckon_limit(user_id=anna.pk) is None
    assert not CustomerLimit.objects.exists()


def test_a_night_that_changes_nothing_writes_no_history(clock: Any) -> None:
    anna = make_user("anna@example.org")
    reckon_limit(user_id=anna.pk)
    before = CustomerLimit.history.count()
    reckon_limit(user_id=anna.pk)
    run(day=dt.date(2026, 9, 18))
    assert CustomerLimit.history.count() == before
