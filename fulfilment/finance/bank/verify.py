"""Invariants of the bank, recomputed from zero. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from django.db.models import Count, Exists, F, OuterRef, Q

from .gaps import gaps, told
from .models import BankAccount, Statement, StatementFile, StatementLine

SHOWN = 20


def imported_files_are_whole() -> list[str]:
    """Every line of an imported file was looked at and is either its own or known; a refused one left nothing."""
    files = StatementFile.objects.annotate(own=Count("statements__lines"))
    wrong = files.filter(state="imported").exclude(
        lines_done=F("lines_total"), lines_known=F("lines_total") - F("own")
    )
    left = files.filter(state="refused", own__gt=0)
    return [
        f"file {file.pk} {file.name}: {file.lines_total} lines in it, {file.lines_known} known, {file.own} here"  # type: ignore[attr-defined]
        for file in [*wrong.order_by("pk")[:SHOWN], *left.order_by("pk")[:SHOWN]]
    ]


def equal_lines_are_counted_without_a_gap() -> list[str]:
    """Equal lines of a day are numbered 1, 2, 3: a missing number is a line that was lost."""
    groups = (
        StatementLine.objects.filter(occurrence__gt=1)
        .filter(
            ~Exists(
                StatementLine.objects.filter(
                    account=OuterRef("account"),
                    fingerprint=OuterRef("fingerprint"),
                    occurrence=OuterRef("occurrence") - 1,
                )
            )
        )
        .order_by("pk")
    )
    return [
        f"line {line.pk} is number {line.occurrence}, the one before is not there" for line in groups[:SHOWN]
    ]


def batches_count_once() -> list[str]:
    """A collective line is replaced when its transactions are lines of their own, and only then.

    A transaction that equals one of another booking of the day may be a line of that one: equal lines are counted.
    """
    singles = StatementLine.objects.filter(
        account=OuterRef("account"), batch=OuterRef("batch"), is_collective=False
    )
    of_the_day = StatementLine.objects.filter(
        account=OuterRef("account"), booked_on=OuterRef("booked_on"), is_collective=False
    )
    # What a worker has just written is settled when its file ends.
    lines = StatementLine.objects.filter(is_collective=True).exclude(batch="")
    if StatementFile.objects.filter(state="reading").exists():
        lines = lines.filter(is_replaced=True)
    lines = lines.annotate(known=Exists(singles), may_be_known=Exists(of_the_day))
    wrong = lines.filter(Q(known=True, is_replaced=False) | Q(may_be_known=False, is_replaced=True))
    return [
        f"line {line.pk} is a batch and {'does not count' if line.is_replaced else 'counts beside its transactions'}"
        for line in wrong.order_by("pk")[:SHOWN]
    ]


def statements_say_whether_they_add_up() -> list[str]:
    """The mark "does not add up" is what opening, entries and closing balance say."""
    told = Statement.objects.filter(opening_minor__isnull=False, closing_minor__isnull=False)
    sound = Q(closing_minor=F("opening_minor") + F("turnover_minor"))
    wrong = told.filter(sound, is_off=True) | told.filter(~sound, is_off=False)
    return [f"statement {one.pk}: is_off is {one.is_off}" for one in wrong.order_by("pk")[:SHOWN]]


def gaps_are_marked() -> list[str]:
    """The mark "something is missing before it" is what the balances say."""
    found = []
    for account in BankAccount.objects.all():
        rows = told(account)
        missing = gaps(rows)
        found += [
            f"statement {row.pk}: has_gap is {row.had_gap}"
            for row in rows
            if (row.pk in missing) != row.had_gap
        ]
    return found[:SHOWN]


CHECKS = [
    ("imported files of the bank are whole", imported_files_are_whole),
    ("equal lines of the bank are counted without a gap", equal_lines_are_counted_without_a_gap),
    ("batches of the bank count once", batches_count_once),
    ("statements say whether they add up", statements_say_whether_they_add_up),
    ("gaps between statements are marked", gaps_are_marked),
]
