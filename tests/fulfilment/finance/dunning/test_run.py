"""The nightly run: levels in their order, once each, held where it must be, stopped by paying."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit
from fulfilment.finance.dunning.actions import (
    hold_invoice,
    pay_invoice_and_claims,
    run,
    still_open_minor,
    waive,
)
from fulfilment.finance.dunning.customers import chunks, go_by_indexes
from fulfilment.finance.dunning.events import DunningNoticeIssued
from fulfilment.finance.dunning.models import (
    DunningClaim,
    DunningItem,
    DunningLevel,
    DunningNotice,
    DunningPolicy,
)
from fulfilment.finance.dunning.papers import notice_pdf
from fulfilment.finance.invoicing.actions import cancel_invoice, credit_note
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import assign, record, undo
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db

ISSUED = dt.date(2026, 9, 1)  # a Tuesday; due after 14 days: Tuesday, 15 September


@pytest.fixture
def invoice(clock: Any) -> Invoice:
    clock.on(ISSUED)
    return invoice_for(make_user("anna@example.org"), price_minor=100_000)


def levels(invoice: Invoice) -> list[int]:
    return list(DunningItem.objects.filter(invoice=invoice).order_by("pk").values_list("level", flat=True))


def every_day(first: dt.date, days: int) -> None:
    for offset in range(days):
        run(day=first + dt.timedelta(days=offset))


def test_nobody_is_reminded_before_the_grace_is_over(invoice: Invoice) -> None:
    assert invoice.due_on == dt.date(2026, 9, 15)
    assert run(day=dt.date(2026, 9, 17)).notices == []
    assert [notice.level for notice in run(day=dt.date(2026, 9, 18)).notices] == [0]


def test_the_first_two_letters_cost_nothing_and_the_levels_come_once_each(
    invoice: Invoice, outbox: Any
) -> None:
    every_day(dt.date(2026, 9, 16), 90)
    assert levels(invoice) == [0, 1, 2, 3]
    costs = dict(DunningNotice.objects.values_list("level", "fee_minor"))
    assert (costs[0], costs[1]) == (0, 0)
    interest = dict(DunningNotice.objects.values_list("level", "interest_minor"))
    assert (interest[0], interest[1]) == (0, 0)
    assert interest[2] > 0
    outbox.drain()
    assert sorted(event.level for event in outbox.events(DunningNoticeIssued)) == [0, 1, 2, 3]


def test_nothing_is_charged_before_a_notice_has_caused_default(invoice: Invoice) -> None:
    """Staff took the first notice out of use: then the second is the first call to pay, and that one is free."""
    DunningLevel.objects.filter(causes_default=True).update(enabled=False)
    every_day(dt.date(2026, 9, 16), 40)
    assert 2 in levels(invoice)
    notice = DunningNotice.objects.get(level=2)
    assert (notice.fee_minor, notice.interest_minor, notice.lump_sum_minor) == (0, 0, 0)


def test_nothing_is_charged_on_the_last_day_of_the_term_that_ends_in_default(invoice: Invoice) -> None:
    DunningLevel.objects.filter(level=2).update(days_after=0)
    every_day(dt.date(2026, 9, 16), 40)
    first, second = (DunningNotice.objects.get(level=level) for level in (1, 2))
    assert second.issued_on == first.pay_until
    assert (second.fee_minor, second.interest_minor) == (0, 0)


def test_interest_runs_from_default_on_and_no_day_is_charged_twice(invoice: Invoice) -> None:
    every_day(dt.date(2026, 9, 16), 90)
    first_notice = DunningNotice.objects.get(level=1)
    second, final = DunningItem.objects.get(level=2), DunningItem.objects.get(level=3)
    days = (second.interest_until - first_notice.pay_until).days
    assert second.interest_minor == round(invoice.gross_minor * 652 * days / 365 / 10_000)
    more = (final.interest_until - second.interest_until).days
    assert final.interest_minor == round(invoice.gross_minor * 652 * more / 365 / 10_000)


def test_a_second_run_on_the_same_day_writes_nothing(invoice: Invoice) -> None:
    day = dt.date(2026, 9, 18)
    assert len(run(day=day).notices) == 1
    assert run(day=day).notices == []


def test_a_dry_run_says_the_same_and_changes_nothing(invoice: Invoice) -> None:
    result = run(day=dt.date(2026, 9, 18), dry_run=True)
    assert [notice.total_minor for notice in result.notices] == [invoice.gross_minor]
    assert not DunningNotice.objects.exists()
    assert len(run(day=dt.date(2026, 9, 18)).notices) == 1


def test_paying_stops_it(invoice: Invoice, clock: Any) -> None:
    run(day=dt.date(2026, 9, 18))
    clock.on(dt.date(2026, 9, 20))
    pay_invoice(invoice)
    every_day(dt.date(2026, 9, 21), 60)
    assert levels(invoice) == [0]


def test_one_letter_for_all_open_items_of_a_customer(clock: Any) -> None:
    clock.on(ISSUED)
    anna = make_user("anna@example.org")
    invoices = [invoice_for(anna), invoice_for(anna)]
    [notice] = run(day=dt.date(2026, 9, 18)).notices
    assert notice.items.count() == 2
    assert notice.open_minor == sum(invoice.open_minor for invoice in invoices)


@pytest.mark.parametrize("stop", ["complaint", "dispute", "transit", "hold"])
def test_hard_stops_hold_back_and_say_why(stop: str, invoice: Invoice, clock: Any) -> None:
    order = Order.objects.get(pk=invoice.order_id)
    if stop == "complaint":
        Invoice.objects.filter(pk=invoice.pk).update(held=True, held_reason="sole came off")
    elif stop == "hold":
        hold_invoice(invoice=invoice, until=dt.date(2026, 12, 1), reason="pays in rates", by=None)
    else:
        state = {"dispute": "disputed", "transit": "action_required"}[stop]
        order.payments.update(state=state, created_at=dt.datetime(2026, 9, 17, 12, tzinfo=dt.UTC))
    result = run(day=dt.date(2026, 9, 18))
    assert result.notices == []
    assert [held.invoice.pk for held in result.plan.held] == [invoice.pk]
    assert result.plan.held[0].why


def test_nobody_is_reminded_while_bank_receipts_may_be_missing(invoice: Invoice) -> None:
    DunningPolicy.objects.update(receipts_checked_within_days=3)
    result = run(day=dt.date(2026, 9, 18))
    assert result.notices == []
    assert "bank account" in result.plan.stopped or "Bankkonto" in result.plan.stopped


def test_letters_go_out_on_business_days_and_terms_end_on_one(invoice: Invoice) -> None:
    assert run(day=dt.date(2026, 9, 19)).plan.stopped  # a Saturday
    [notice] = run(day=dt.date(2026, 9, 26 - 5)).notices
    assert notice.pay_until.weekday() < 5
    christmas = run(day=dt.date(2026, 12, 25), dry_run=True).plan
    assert christmas.stopped


def test_at_level_two_the_customer_may_not_buy_on_account_until_paid(
    invoice: Invoice, clock: Any, outbox: Any
) -> None:
    every_day(dt.date(2026, 9, 16), 40)
    credit = CustomerCredit.objects.get(user_id=invoice.user_id)
    assert credit.dunning_level >= 2
    clock.on(dt.date(2026, 10, 30))
    invoice.refresh_from_db()
    pay_invoice(invoice)
    outbox.drain()
    credit.refresh_from_db()
    assert credit.dunning_level == 0


def test_a_payment_that_is_undone_brings_the_level_back(invoice: Invoice, clock: Any, outbox: Any) -> None:
    every_day(dt.date(2026, 9, 16), 40)
    before = CustomerCredit.objects.get(user_id=invoice.user_id).dunning_level
    clock.on(dt.date(2026, 10, 30))
    receipt = record(booked_on=dt.date(2026, 10, 29), amount_minor=invoice.gross_minor, reference="1/1")
    order = Order.objects.get(pk=invoice.order_id)
    given = assign(receipt=receipt, order=order, invoice=invoice, amount_minor=invoice.gross_minor)
    outbox.drain()
    assert CustomerCredit.objects.get(user_id=invoice.user_id).dunning_level == 0
    undo(assignment=given, why="another customer's money")
    outbox.drain()
    assert CustomerCredit.objects.get(user_id=invoice.user_id).dunning_level == before >= 2


@pytest.mark.parametrize("how", ["cancelled", "credited"])
def test_an_invoice_that_is_taken_back_counts_no_more_for_the_level(
    how: str, invoice: Invoice, clock: Any, outbox: Any
) -> None:
    every_day(dt.date(2026, 9, 16), 40)
    clock.on(dt.date(2026, 10, 30))
    if how == "cancelled":
        cancel_invoice(invoice=invoice, reason="wrong address")
    else:
        credit_note(invoice=invoice, source="return:1", reason="came back", amount_minor=invoice.gross_minor)
    outbox.drain()
    assert CustomerCredit.objects.get(user_id=invoice.user_id).dunning_level == 0


def test_claims_for_interest_and_costs_stay_open_when_only_the_principal_is_paid(
    invoice: Invoice, clock: Any
) -> None:
    every_day(dt.date(2026, 9, 16), 40)
    clock.on(dt.date(2026, 10, 30))
    invoice.refresh_from_db()
    pay_invoice(invoice)
    open_claims = DunningClaim.objects.filter(invoice=invoice, paid_minor=0, waived_at=None)
    assert {claim.kind for claim in open_claims} == {"interest", "fee"}


def test_the_letter_is_a_pdf_with_its_facts(invoice: Invoice) -> None:
    [notice] = run(day=dt.date(2026, 9, 18)).notices
    assert notice_pdf(notice.pk).startswith(b"%PDF")


def test_the_command_refuses_a_date_that_is_none(db: None) -> None:
    from django.core.management.base import CommandError

    with pytest.raises(CommandError):
        call_command("dunning", "--date", "31.12.2026")


def test_planning_takes_the_same_queries_for_one_and_thirty_invoices(
    clock: Any, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    clock.on(ISSUED)
    invoice_for(make_user())
    with CaptureQueriesContext(connection) as one:
        run(day=dt.date(2026, 9, 18), dry_run=True)
    for _ in range(29):
        invoice_for(make_user())
    with django_assert_num_queries(len(one)):
        assert len(run(day=dt.date(2026, 9, 18), dry_run=True).plan.proposals) == 30


def test_who_is_next_is_found_by_indexes_however_old_the_estimates_are(clock: Any) -> None:
    """PostgreSQL took the letters that a run writes for an empty table and read them all for each chunk: a fifth of a
    million invoices took three minutes, and the rest, with newer estimates, one."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    if connection.vendor != "postgresql":
        pytest.skip("SQLite takes no such way")
    clock.on(ISSUED)
    invoice_for(make_user())
    with CaptureQueriesContext(connection) as seen:
        assert sum(len(some) for some in chunks(dt.date(2026, 9, 18))) == 1
    asked = [query["sql"] for query in seen.captured_queries]
    question = next(at for at, sql in enumerate(asked) if "DISTINCT" in sql)
    assert "enable_seqscan = off" in asked[question - 1]
    with transaction.atomic(), connection.cursor() as cursor:
        go_by_indexes()
        cursor.execute("EXPLAIN " + asked[question])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


def test_however_short_the_terms_nobody_gets_two_letters_on_one_day(invoice: Invoice) -> None:
    DunningLevel.objects.update(term_days=0, days_after=0)
    day = dt.date(2026, 9, 18)
    assert [run(day=day).written, run(day=day).written] == [1, 0]
    assert run(day=dt.date(2026, 9, 21)).written == 1


def test_a_letter_asks_for_everything_that_is_open_also_of_earlier_letters(
    invoice: Invoice, outbox: Any
) -> None:
    """The customer who transfers the total of the last letter owes nothing any more."""
    every_day(dt.date(2026, 9, 16), 90)
    second, last = (DunningNotice.objects.get(level=level) for level in (2, 3))
    assert second.earlier_minor == 0
    assert last.earlier_minor == second.interest_minor + second.fee_minor > 0
    receipt = record(booked_on=last.issued_on, amount_minor=last.total_minor, reference="1/1")
    pay_invoice_and_claims(receipt=receipt, invoice=invoice, amount_minor=last.total_minor)
    invoice.refresh_from_db()
    assert (invoice.state, still_open_minor(last)) == ("paid", 0)
    assert run(day=dt.date(2027, 1, 4)).written == 0


def test_what_was_waived_or_paid_of_an_earlier_letter_is_not_asked_for_again(invoice: Invoice) -> None:
    every_day(dt.date(2026, 9, 16), 30)
    for claim in DunningClaim.objects.filter(notice__level=2):
        waive(claim=claim, why="long-standing customer", by=None)
    every_day(dt.date(2026, 10, 16), 60)
    assert DunningNotice.objects.get(level=3).earlier_minor == 0


def test_the_letter_prints_what_earlier_ones_asked_for(invoice: Invoice) -> None:
    from fulfilment.finance.dunning import papers
    from shop.notifications.letters.money import dunning

    every_day(dt.date(2026, 9, 16), 90)
    last = DunningNotice.objects.get(level=3)
    assert papers.letter_of(last).total_minor == last.total_minor
    assert "earlier letters" in str(dunning(last)) or "früherer Schreiben" in str(dunning(last))


def test_a_card_payment_that_was_given_up_at_the_bank_holds_letters_for_days_not_for_ever(
    invoice: Invoice, clock: Any
) -> None:
    order = Order.objects.get(pk=invoice.order_id)
    day = dt.date(2026, 9, 18)
    tried = dt.datetime(2026, 9, 17, 12, tzinfo=dt.UTC)
    order.payments.update(state="action_required", created_at=tried)
    assert run(day=day).written == 0
    assert run(day=dt.date(2026, 9, 21)).written == 1
