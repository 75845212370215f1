"""A run reads in chunks, asks only for what may be due, and looks further only where something is marked. Beside it the
rules alone, over everything that is known of every open invoice: the same letters, day by day, on both databases."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from checkout.order.models import Order
from fulfilment.finance.dunning import facts as facts_of
from fulfilment.finance.dunning.actions import hold_customer, hold_invoice, promise, run, take_back
from fulfilment.finance.dunning.facts import Debt
from fulfilment.finance.dunning.models import DunningHold, DunningNotice, Handover
from fulfilment.finance.dunning.proposal import Held, Proposal, decide
from fulfilment.finance.dunning.verify import CHECKS
from fulfilment.finance.invoicing.models import Invoice
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.shopping import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
FIRST = dt.date(2026, 9, 1)
DAYS, CUSTOMERS = 64, 5


def plainly(day: dt.date) -> tuple[list[Any], list[Any]]:
    """Letters and held invoices by the rules alone: every open invoice, everything read of each."""
    columns = facts_of.COLUMNS[: facts_of.COLUMNS.index("asked")]
    found = Invoice.objects.filter(kind="invoice", open_minor__gt=0).order_by("user_id", "due_on", "pk")
    debts = [
        Debt(*row, asked=1, stuck=1, waits=1)
        for row in found.values_list(*columns)
        if row[columns.index("due_on")] < day
    ]
    decided = decide(debts, facts_of.read(facts_of.ground(day), debts))
    return sorted(map(letter, decided.letters)), sorted(map(held, decided.held))


def letter(one: Proposal) -> tuple[Any, ...]:
    items = [
        (item.invoice.number, item.level.level, item.days_overdue, item.invoice.open_minor, item.interest_minor,
         str(item.interest_until), item.fee_minor, item.lump_sum_minor, item.earlier_minor)
        for item in one.items
    ]  # fmt: skip
    return one.key, one.level.level, one.total_minor, items


def held(one: Held) -> tuple[str, str]:
    return one.invoice.number, str(one.why)


def as_run(day: dt.date, chunk: int, dry_run: bool) -> tuple[list[Any], list[Any]]:
    result = run(day=day, chunk=chunk, dry_run=dry_run)
    assert result.failures == []
    return sorted(map(letter, result.plan.proposals)), sorted(map(held, result.held))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_and_its_preview_write_what_the_rules_say(seed: int, clock: Any) -> None:
    chance = random.Random(seed)
    clock.on(FIRST)
    anybody = [make_user(f"c{n}@example.org") for n in range(CUSTOMERS)]
    for user in anybody:
        for _ in range(chance.randint(1, 3)):
            invoice_for(user, price_minor=chance.randint(500, 90_000))
    guests = [invoice_for(user) for user in anybody[:2]]
    Invoice.objects.filter(pk__in=[one.pk for one in guests]).update(user=None)
    letters = 0
    for offset in range(DAYS):
        day = FIRST + dt.timedelta(days=offset)
        clock.on(day)
        something_happens(chance, day)
        if day.weekday() > 4 or day == dt.date(2026, 10, 31):
            continue
        expected = plainly(day)
        assert as_run(day, chance.randint(1, 4), dry_run=True) == expected, f"preview of {day}, seed {seed}"
        assert as_run(day, chance.randint(1, 4), dry_run=False) == expected, f"run of {day}, seed {seed}"
        assert as_run(day, chance.randint(1, 4), dry_run=False)[0] == [], f"again on {day}, seed {seed}"
        letters += len(expected[0])
    assert letters == DunningNotice.objects.count() > CUSTOMERS
    assert DunningNotice.objects.filter(level=3).exists()
    assert [words for _title, check in CHECKS for words in check()] == []


def something_happens(chance: random.Random, day: dt.date) -> None:
    """Payments, complaints, holds, promises, disputes, hand-overs: now and then."""
    due = list(Invoice.objects.overdue(day).order_by("pk"))
    if not due or chance.random() > 0.4:
        return
    one = chance.choice(due)
    later = day + dt.timedelta(days=chance.randint(1, 12))
    notice = DunningNotice.objects.filter(items__invoice=one).order_by("-pk").first()
    match chance.choice(["pay", "hold", "hold_all", "lift", "complain", "promise", "payment", "collector"]):
        case "pay":
            pay_invoice(one, max(1, one.open_minor // chance.randint(1, 4)))
        case "hold":
            hold_invoice(invoice=one, until=later, reason="asked for time", by=None)
        case "hold_all" if one.user:
            hold_customer(user=one.user, until=later, reason="asked for time", by=None)
        case "lift":
            DunningHold.objects.update(lifted_at=dt.datetime(2026, 9, 30, tzinfo=dt.UTC))
        case "complain":
            Invoice.objects.filter(pk=one.pk).update(held=not one.held, held_reason="")
        case "promise" if notice and not notice.promises.filter(state="broken").exists():
            promise(notice=notice, amount_minor=1, pay_on=later)
        case "payment":
            state = chance.choice(["disputed", "action_required", "created"])
            Order.objects.get(pk=one.order_id).payments.update(state=state)
        case "collector":
            changes_hands(one, day)


def changes_hands(invoice: Invoice, day: dt.date) -> None:
    given = Handover.objects.filter(invoice=invoice, back_on=None).first()
    if given:
        take_back(handover=given, why="ours", by=None)
    else:
        Handover.objects.create(invoice=invoice, collector="X", handed_on=day, open_minor=1)
