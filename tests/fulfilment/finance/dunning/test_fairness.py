"""What must not be asked for, and what must not put a letter off for ever."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from checkout.order.models import Order
from fulfilment.finance.dunning.actions import (
    CannotPromise,
    hold_customer,
    hold_invoice,
    lift_hold,
    promise,
    ready,
    run,
    waive,
)
from fulfilment.finance.dunning.actions import write as writing
from fulfilment.finance.dunning.actions.run import FAILURES_MAX
from fulfilment.finance.dunning.models import (
    BaseRate,
    DunningClaim,
    DunningHold,
    DunningLevel,
    DunningNotice,
)
from fulfilment.finance.dunning.scoring import behaviour_of
from fulfilment.finance.dunning.statement import statement
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.models import Invoice
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.people import make_staff
from tests.factories.shopping import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
REMINDED = dt.date(2026, 9, 18)


@pytest.fixture
def invoice(clock: Any) -> Invoice:
    clock.on(dt.date(2026, 9, 1))
    return invoice_for(make_user("anna@example.org"), price_minor=100_000)


def letters_until(day: dt.date) -> None:
    for offset in range((day - REMINDED).days + 1):
        run(day=REMINDED + dt.timedelta(days=offset))


def of_a_firm(invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Firms are known by their VAT id; facts of an invoice cannot be changed afterwards."""
    from fulfilment.finance.dunning import proposal

    monkeypatch.setattr(proposal, "_is_business", lambda _invoice: True)


def test_a_firm_owes_the_lump_sum_once_and_no_postage_beside_it(
    invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§ 288 (5) BGB: 40 EUR; they are set off against the costs they stand for."""
    of_a_firm(invoice, monkeypatch)
    letters_until(dt.date(2026, 12, 11))
    asked = dict(DunningNotice.objects.values_list("level", "lump_sum_minor"))
    assert asked == {0: 0, 1: 0, 2: 4_000, 3: 0}
    assert not DunningClaim.objects.filter(kind=DunningClaim.FEE).exists()
    assert DunningNotice.objects.get(level=3).earlier_minor >= 4_000


def test_no_interest_by_the_rate_of_last_year(invoice: Invoice) -> None:
    """From 1 January on the new base rate counts; while nobody has entered it, a letter with interest waits."""
    letters_until(dt.date(2026, 10, 9))
    DunningLevel.objects.filter(level=2).update(days_after=80)
    day = dt.date(2027, 1, 11)
    waiting = run(day=day)
    assert (waiting.written, waiting.held_back) == (0, 1)
    BaseRate.objects.create(valid_from=dt.date(2027, 1, 1), rate_bp=200, source="example")
    assert run(day=day).written == 1
    parts = DunningNotice.objects.get(level=2).facts["interest"][0]["parts"]
    assert [part["rate_bp"] for part in parts] == [652, 700]


def test_default_stands_though_the_level_that_caused_it_is_not_in_use_any_more(invoice: Invoice) -> None:
    letters_until(dt.date(2026, 10, 9))
    assert DunningNotice.objects.filter(level=1).exists()
    DunningLevel.objects.filter(level=1).update(enabled=False)
    letters_until(dt.date(2026, 11, 20))
    assert DunningNotice.objects.get(level=2).interest_minor > 0


def test_a_customer_cannot_put_letters_off_by_promising_again_and_again(invoice: Invoice, clock: Any) -> None:
    clock.on(REMINDED)
    notice = run(day=REMINDED).notices[0]
    end, whole = REMINDED + dt.timedelta(days=21), invoice.gross_minor
    promise(notice=notice, amount_minor=whole, pay_on=end, by_customer=True)
    clock.on(REMINDED + dt.timedelta(days=14))
    with pytest.raises(CannotPromise):
        promise(notice=notice, amount_minor=whole, pay_on=end + dt.timedelta(days=1), by_customer=True)
    promise(notice=notice, amount_minor=whole, pay_on=end, by_customer=True)
    clock.on(end + dt.timedelta(days=1))
    with pytest.raises(CannotPromise):
        promise(notice=notice, amount_minor=whole, pay_on=end + dt.timedelta(days=2), by_customer=True)
    promise(notice=notice, amount_minor=100, pay_on=end + dt.timedelta(days=2))  # staff may agree to more


@pytest.mark.parametrize("what", ["invoice", "customer", "dispute"])
def test_what_holds_a_letter_keeps_the_claim_from_the_collector(what: str, debt: Invoice) -> None:
    day = dt.date(2026, 11, 20)
    assert ready(day).filter(pk=debt.pk).exists()
    if what == "dispute":
        Order.objects.get(pk=debt.order_id).payments.update(state="disputed")
    elif what == "invoice":
        hold_invoice(invoice=debt, until=day + dt.timedelta(days=9), reason="pays in rates", by=None)
    else:
        hold_customer(user=debt.user, until=day + dt.timedelta(days=9), reason="pays in rates", by=None)
    assert not ready(day).exists()
    DunningHold.objects.all().delete()
    assert ready(day).exists() == (what != "dispute")


def test_who_sends_everything_back_has_not_paid_in_time(invoice: Invoice) -> None:
    credit_note(invoice=invoice, source="return:1", reason="came back", amount_minor=invoice.gross_minor)
    assert behaviour_of(invoice.user_id).paid_on_time == 0
    pay_invoice(invoice_for(invoice.user))
    assert behaviour_of(invoice.user_id).paid_on_time == 1


def test_who_waived_a_claim_and_who_lifted_a_hold_is_kept(debt: Invoice) -> None:
    clerk = make_staff("clerk@example.org")
    claim = DunningClaim.objects.filter(invoice=debt).order_by("pk")[0]
    assert waive(claim=claim, why="goodwill", by=clerk)
    hold = hold_invoice(invoice=debt, until=dt.date(2026, 12, 1), reason="asked for time", by=clerk)
    lift_hold(hold=hold, by=clerk)
    claim.refresh_from_db()
    hold.refresh_from_db()
    assert (claim.waived_by, hold.lifted_by) == (clerk, clerk)


def test_what_was_waived_just_after_midnight_stands_on_that_day(debt: Invoice, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC))  # 00:30 on the 23rd in Germany
    claim = DunningClaim.objects.filter(invoice=debt).order_by("pk")[0]
    waive(claim=claim, why="goodwill", by=None)
    rows = statement(invoice=debt, until=dt.date(2026, 11, 24)).rows
    assert [row.day for row in rows if row.text.endswith(("waived", "erlassen"))] == [dt.date(2026, 11, 23)]


def test_a_fault_that_everybody_meets_stops_the_run(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import dunning_bench
    from bench.dunning_bench import DAY, PER_CUSTOMER, fill

    monkeypatch.setattr(
        dunning_bench, "_tidy", lambda: None
    )  # within a test's transaction nothing is vacuumed
    fill(PER_CUSTOMER * (FAILURES_MAX + 50))

    def broken(*_args: Any) -> None:
        raise RuntimeError("no such column")

    monkeypatch.setattr(writing, "_common", broken)
    result = run(day=DAY, chunk=10)
    assert (result.written, len(result.failures)) == (0, FAILURES_MAX)
    assert result.stopped
