"""Invariants of the ledger, recomputed from zero. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db.models import Count, F, Q, Sum

from fulfilment.warehouse.counting.models import CountLine
from fulfilment.warehouse.transfers.models import TransferStep
from shop.kernel.models import Delivery

from . import chain, guards, triggers
from .models import Entry, EntryLine
from .subscribers import count_source, transfer_source

#: Events by which the ledger hears of differences.
STOCK_EVENTS = ("StockDifference", "TransferDifference")
CHUNK = 500  #: differences compared at once
SHOWN = 20  #: sentences per check; the first ones are what a person looks at


def every_entry_balances() -> list[str]:
    """Debits equal credits per entry and currency, and each entry has two lines or more."""
    off = (
        EntryLine.objects.values("entry_id", "currency")
        .annotate(difference=Sum(F("debit_minor") - F("credit_minor")))
        .exclude(difference=0)
        .order_by("entry_id")[:SHOWN]
    )
    found = [f"entry {row['entry_id']} is off by {row['difference']} {row['currency']}" for row in off]
    few = Entry.objects.annotate(count=Count("lines")).filter(count__lt=2, posted_at__isnull=False)
    return found + [f"entry {pk} has fewer than two lines" for pk in few.values_list("pk", flat=True)[:SHOWN]]


def trial_balance_is_zero() -> list[str]:
    """All accounts together are at zero, per currency."""
    rows = (
        EntryLine.objects.filter(entry__posted_at__isnull=False)
        .values("currency")
        .annotate(difference=Sum(F("debit_minor") - F("credit_minor")))
        .exclude(difference=0)
        .order_by("currency")
    )
    return [f"the trial balance is off by {row['difference']} {row['currency']}" for row in rows]


def no_drafts_are_left() -> list[str]:
    """A draft lives only inside the transaction that posts it."""
    drafts = Entry.objects.filter(posted_at__isnull=True).order_by("pk").values_list("source", flat=True)
    return [f"entry {source} was never posted" for source in drafts[:SHOWN]]


def lines_have_one_positive_side() -> list[str]:
    """Neither both sides, nor none."""
    wrong = EntryLine.objects.exclude(
        Q(debit_minor__gt=0, credit_minor=0) | Q(debit_minor=0, credit_minor__gt=0)
    )
    return [f"line {pk} has not one positive side" for pk in wrong.values_list("pk", flat=True)[:SHOWN]]


def guards_are_in_place() -> list[str]:
    """The database's own triggers, which refuse what the code must never do."""
    return [
        f"the trigger {name} is missing; run `manage.py migrate`" for name in guards.missing(triggers.GUARDS)
    ]


def differences_of_stock_are_booked() -> list[str]:
    """Each booked difference of a count, and each of a transfer, stands in the books with its value, once finance was
    told of it. Read in pieces."""
    waiting = Delivery.objects.exclude(state="done").filter(message__name__in=STOCK_EVENTS)
    if waiting.exists():  # told, and not heard yet: the outbox has its own checks
        return []
    found: list[str] = []
    told = _told_differences()
    while part := dict(islice(told, CHUNK)):
        lines = EntryLine.objects.filter(
            account__role="stock",
            entry__kind__in=("stock_difference", "transfer_difference"),
            entry__source__in=list(part),
        )
        sums = lines.values("entry__source").annotate(value=Sum(F("debit_minor") - F("credit_minor")))
        booked = dict(sums.values_list("entry__source", "value"))
        found += [
            f"{source}: a difference of {value}, booked {booked.get(source, 0)}"
            for source, value in sorted(part.items())
            if value and booked.get(source, 0) != value
        ]
        if len(found) >= SHOWN:
            break
    return found[:SHOWN]


def _told_differences() -> Iterator[tuple[str, int]]:
    """Source of its entry and value of each difference that finance should have booked."""
    counted = CountLine.objects.filter(is_booked=True).select_related("task").order_by("pk")
    for line in counted.iterator(chunk_size=CHUNK):
        yield count_source(line.task.number, line.pk), line.value_minor
    sent = TransferStep.objects.exclude(value_minor=0).select_related("transfer").order_by("pk")
    for step in sent.iterator(chunk_size=CHUNK):
        yield transfer_source(step.transfer.number, step.pk), step.value_minor


def sealed_entries_are_unchanged() -> list[str]:
    """Every seal holds: the first entry that was changed, taken away or slipped in behind the application's back."""
    breach = chain.first_breach()
    return ([breach] if breach else []) + chain.late_entries()


CHECKS = [
    ("every entry balances", every_entry_balances),
    ("trial balance is zero", trial_balance_is_zero),
    ("no draft entries are left", no_drafts_are_left),
    ("every line has one positive side", lines_have_one_positive_side),
    ("differences of counts and transfers are booked", differences_of_stock_are_booked),
    ("sealed entries are unchanged", sealed_entries_are_unchanged),
    ("the ledger's triggers are in place", guards_are_in_place),
]
