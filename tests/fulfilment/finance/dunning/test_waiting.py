"""Promises pause letters and are seen to be kept or broken; what was handed over gets no letter until it comes back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fulfilment.finance.dunning.actions import (
    CannotHandOver,
    CannotPromise,
    hand_over,
    promise,
    ready,
    run,
    see_promises,
    take_back,
)
from fulfilment.finance.dunning.actions.promise import still_open_minor
from fulfilment.finance.dunning.models import DunningNotice, DunningPolicy, Handover
from fulfilment.finance.invoicing.models import Invoice
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.shopping import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
REMINDED, NEXT = dt.date(2026, 9, 18), dt.date(2026, 9, 30)


@pytest.fixture
def notice(clock: Any) -> DunningNotice:
    clock.on(dt.date(2026, 9, 1))
    invoice_for(make_user("anna@example.org"), price_minor=100_000)
    clock.on(REMINDED)
    return run(day=REMINDED).notices[0]


def test_letters_wait_for_a_promise_and_go_on_when_it_was_broken(notice: DunningNotice, clock: Any) -> None:
    given = promise(notice=notice, amount_minor=50_000, pay_on=dt.date(2026, 9, 30))
    result = run(day=NEXT)
    assert (result.written, result.held_back) == (0, 1)
    assert "2026-09-30" in result.held[0].why
    clock.on(dt.date(2026, 10, 5))
    assert see_promises() == (0, 1)
    given.refresh_from_db()
    assert given.state == "broken"
    assert run(day=dt.date(2026, 10, 5)).written == 1


def test_a_promise_is_kept_by_paying_even_a_part_of_what_is_open(notice: DunningNotice, clock: Any) -> None:
    given = promise(notice=notice, amount_minor=50_000, pay_on=dt.date(2026, 9, 30))
    invoice = notice.items.get().invoice
    pay_invoice(invoice, 49_999)
    assert see_promises() == (0, 0)
    pay_invoice(Invoice.objects.get(pk=invoice.pk), 1)
    assert see_promises() == (1, 0)
    given.refresh_from_db()
    assert given.state == "kept"


def test_a_new_promise_takes_the_place_of_the_old_one_and_both_are_kept_in_the_history(
    notice: DunningNotice,
) -> None:
    promise(notice=notice, amount_minor=100, pay_on=dt.date(2026, 9, 20))
    promise(notice=notice, amount_minor=200, pay_on=dt.date(2026, 9, 21))
    assert sorted(notice.promises.values_list("state", "amount_minor")) == [("open", 200), ("withdrawn", 100)]


@pytest.mark.parametrize(
    ("amount", "day"),
    [(0, "2026-09-20"), (999_999_999, "2026-09-20"), (100, "2026-09-17"), (100, "2026-12-01")],
)
def test_promises_that_are_none_are_refused(amount: int, day: str, notice: DunningNotice) -> None:
    DunningPolicy.objects.update(promise_whole=False)
    with pytest.raises(CannotPromise):
        promise(notice=notice, amount_minor=amount, pay_on=dt.date.fromisoformat(day), by_customer=True)


def test_a_customer_who_broke_a_promise_talks_to_us_before_the_next(
    notice: DunningNotice, clock: Any
) -> None:
    whole = still_open_minor(notice)
    promise(notice=notice, amount_minor=whole, pay_on=dt.date(2026, 9, 20), by_customer=True)
    clock.on(dt.date(2026, 9, 24))
    see_promises()
    with pytest.raises(CannotPromise):
        promise(notice=notice, amount_minor=whole, pay_on=dt.date(2026, 9, 30), by_customer=True)


def test_a_customer_who_promises_a_part_talks_to_us_and_the_policy_may_allow_it(
    notice: DunningNotice,
) -> None:
    """A cent would put off the letter for all of it."""
    whole, day = still_open_minor(notice), dt.date(2026, 9, 20)
    for amount in (1, whole - 1):
        with pytest.raises(CannotPromise):
            promise(notice=notice, amount_minor=amount, pay_on=day, by_customer=True)
    assert not notice.promises.exists()
    promise(notice=notice, amount_minor=1, pay_on=day)  # staff agree on what they agree on
    DunningPolicy.objects.update(promise_whole=False)
    promise(notice=notice, amount_minor=1, pay_on=day, by_customer=True)
    DunningPolicy.objects.update(promise_whole=True)
    promise(notice=notice, amount_minor=whole, pay_on=day, by_customer=True)
    assert notice.promises.get(state="open").amount_minor == whole


def test_after_the_final_term_it_is_on_the_list_and_gets_no_letter_once_handed_over(debt: Invoice) -> None:
    [row] = ready(dt.date(2026, 11, 20))
    assert (row.pk, row.claims_minor > 0) == (debt.pk, True)
    [handover] = hand_over(invoices=[debt], collector="Inkasso Nord", by=None)
    assert handover.open_minor == debt.gross_minor
    assert not ready(dt.date(2026, 11, 20)).exists()
    with pytest.raises(CannotHandOver):
        hand_over(invoices=[debt], collector="Inkasso Nord", by=None)
    assert take_back(handover=handover, why="could not be found", by=None)
    assert not take_back(handover=handover, why="again", by=None)
    assert ready(dt.date(2026, 11, 20)).exists()
    assert Handover.objects.get().back_why == "could not be found"


def test_nothing_is_on_the_list_before_the_last_term_is_over(debt: Invoice) -> None:
    last = DunningNotice.objects.get(level=3)
    assert not ready(last.pay_until).exists()


def test_an_invoice_handed_over_early_gets_no_further_letter(notice: DunningNotice) -> None:
    invoice = notice.items.get().invoice
    Handover.objects.create(invoice=invoice, collector="Inkasso Nord", handed_on=REMINDED, open_minor=1)
    result = run(day=NEXT)
    assert (result.written, result.held_back) == (0, 1)
    assert "Inkasso Nord" in result.held[0].why
