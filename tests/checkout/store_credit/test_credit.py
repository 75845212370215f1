"""Credit of a customer: movements once per cause, a balance that never falls below zero, and rows nobody changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import ProtectedError

from checkout.payment.actions import NoAccount, capture, request_refund
from checkout.payment.models import Payment, Refund
from checkout.store_credit import actions, queries, verify
from checkout.store_credit.models import CreditAccount, Movement
from shop.kernel.clock import now
from tests.factories.credit import card_pays, give_credit
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def put(user: Any, amount: int, cause: str = "one") -> Movement:
    return actions.put(user_id=user.pk, amount_minor=amount, currency="EUR", kind="refunded", cause=cause)


def take(user: Any, amount: int, cause: str = "two") -> Movement:
    return actions.take(user_id=user.pk, amount_minor=amount, currency="EUR", kind="spent", cause=cause)


def test_a_movement_is_made_once_per_cause() -> None:
    user = make_user()
    assert put(user, 500).pk == put(user, 500).pk
    assert take(user, 200).pk == take(user, 200).pk
    assert queries.balance_minor(user) == 300
    assert [row.amount_minor for row in queries.movements_of(user)] == [-200, 500]


def test_no_more_is_taken_than_there_is() -> None:
    user = make_user()
    with pytest.raises(actions.NotEnough) as nothing:
        take(user, 1)
    assert nothing.value.there_minor == 0
    put(user, 500)
    with pytest.raises(actions.NotEnough) as less:
        take(user, 501)
    assert (less.value.there_minor, queries.balance_minor(user)) == (500, 500)
    for amount in (0, -5):
        with pytest.raises(ValueError):
            put(user, amount, "odd")
        with pytest.raises(ValueError):
            take(user, amount, "odd")


def test_the_database_refuses_a_balance_below_zero_and_a_changed_movement() -> None:
    user = make_user()
    row = put(user, 500)
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditAccount.objects.filter(user=user).update(balance_minor=-1)
    with pytest.raises(DatabaseError), transaction.atomic():
        Movement.objects.filter(pk=row.pk).update(amount_minor=900)
    with pytest.raises(DatabaseError), transaction.atomic():
        Movement.objects.filter(pk=row.pk).delete()
    with pytest.raises(ProtectedError):
        row.delete()


def test_credit_is_kept_until_the_end_of_the_third_year_and_nothing_takes_it_away(clock: Any) -> None:
    user = make_user()
    put(user, 500)
    assert queries.kept_until() == dt.date(now().year + 3, 12, 31)
    clock.advance(days=5 * 366)
    assert queries.balance_minor(user) == 500


def test_money_back_becomes_credit_at_once_and_is_in_the_books(outbox: Any) -> None:
    user = make_user()
    order = give_credit(user, 3_000)
    refund = Refund.objects.get(payment__order=order)
    assert (refund.state, refund.way, queries.balance_minor(user)) == ("succeeded", "credit", 3_000)
    assert not Refund.objects.to_send().exists()
    assert not Refund.objects.to_transfer().exists()
    outbox.drain()
    assert outbox.failures() == []
    from fulfilment.finance.ledger.models import Entry

    entry = Entry.objects.get(source=f"refund:{refund.pk}")
    lines = [(one.account.number, one.debit_minor, one.credit_minor) for one in entry.lines.order_by("pk")]
    assert (entry.kind, lines) == ("refunded_to_credit", [("1400", 3_000, 0), ("1706", 0, 3_000)])


def test_a_guest_has_no_account_that_could_hold_credit() -> None:
    order = place_order((make_variant(), 1))
    payment = Payment.objects.get(order=order)
    capture(payment=payment, reference="pi_1", why="paid")
    with pytest.raises(NoAccount):
        request_refund(payment=payment, amount_minor=100, source="s", reason="r", as_credit=True)
    assert not Refund.objects.exists()


def test_credit_goes_with_a_merged_account(outbox: Any) -> None:
    gone, kept = make_user(), make_user()
    give_credit(gone, 3_000)
    with transaction.atomic():
        assert actions.move_along(from_user_id=gone.pk, to_user_id=kept.pk) == 3_000
        assert actions.move_along(from_user_id=gone.pk, to_user_id=kept.pk) == 0
    outbox.drain()
    assert outbox.failures() == []
    assert (queries.balance_minor(gone), queries.balance_minor(kept)) == (0, 3_000)
    assert _breaches() == []


def _breaches() -> list[str]:
    from fulfilment.finance.invoicing.verify import receivable_equals_open_items, store_credit_is_what_we_owe

    found = [text for _name, check in verify.CHECKS for text in check()]
    return found + store_credit_is_what_we_owe() + receivable_equals_open_items()


def test_each_check_finds_what_is_wrong(outbox: Any) -> None:
    from fulfilment.finance.invoicing.verify import store_credit_is_what_we_owe

    user = make_user()
    give_credit(user, 3_000)
    order = place_order((make_variant(price_minor=2_000), 1), user=user, shipping_minor=0, credit_minor=500)
    card_pays(order)
    outbox.drain()
    assert _breaches() == []
    CreditAccount.objects.filter(user=user).update(balance_minor=2_400)
    assert verify.balances_are_their_movements() == [
        f"credit account {CreditAccount.objects.get().pk}: balance 2400, movements 2500"
    ]
    assert store_credit_is_what_we_owe() == [f"customer:{user.pk}: 2500 in the ledger, 2400 of store credit"]
    CreditAccount.objects.filter(user=user).update(balance_minor=2_500)
    refund = Refund.objects.get()
    Refund.objects.filter(pk=refund.pk).update(amount_minor=2_999)
    assert verify.refunds_to_credit_have_their_movement() == [
        f"refund {refund.pk}: 2999 of credit, moved 3000"
    ]
    Refund.objects.filter(pk=refund.pk).update(amount_minor=3_000)
    paid = Payment.objects.get(method="credit")
    Payment.objects.filter(pk=paid.pk).update(amount_minor=501)
    assert verify.payments_by_credit_have_their_movement() == [
        f"payment {paid.pk}: -501 of credit, moved -500"
    ]
    Payment.objects.filter(pk=paid.pk).update(amount_minor=500)
    put(user, 1, "refund:987654")
    assert [text.split(" names ")[1] for text in verify.movements_have_their_fact()] == [
        "refund:987654, which moved none"
    ]


def test_a_missing_trigger_is_found() -> None:
    from django.db import connection

    from checkout.store_credit import triggers

    with connection.cursor() as cursor:
        table = f" ON {triggers.TABLE}" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER store_credit_kept{table}")
    assert verify.guards_are_in_place() == [
        "the trigger store_credit_kept is missing; run `manage.py migrate`"
    ]
