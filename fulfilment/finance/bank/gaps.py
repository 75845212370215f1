"""Gaps: a statement whose opening balance is no other's closing balance means that one is missing between."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from .models import FINAL_KINDS, BankAccount, Statement

CHUNK = 500


class Told(NamedTuple):
    """What a statement says of itself, and whether it was marked."""

    pk: int
    first: dt.date
    last: dt.date
    opening_minor: int
    closing_minor: int
    had_gap: bool


def mark_gaps(account: BankAccount) -> int:
    """Note on each statement of the account whether what came before it is missing; returns how many are.

    The earliest begins the story. One that lies within another's days (a day in a month) has no gap of its own.
    One query, and one more for each kind of change; statements are few (one a day), so all are looked at.
    """
    rows = told(account)
    missing = gaps(rows)
    for gap in (True, False):
        changed = [row.pk for row in rows if (row.pk in missing) == gap and row.had_gap != gap]
        for at in range(0, len(changed), CHUNK):
            Statement.objects.filter(pk__in=changed[at : at + CHUNK]).update(has_gap=gap)
    return len(missing)


def told(account: BankAccount) -> list[Told]:
    """What the account's imported statements with balances say. One query."""
    statements = Statement.objects.filter(
        account=account,
        kind__in=FINAL_KINDS,
        opening_minor__isnull=False,
        closing_minor__isnull=False,
        file__state="imported",
    )
    fields = ("pk", "first_day", "last_day", "opening_minor", "closing_minor", "has_gap")
    return [Told(*row) for row in statements.order_by("pk").values_list(*fields)]


def gaps(rows: list[Told]) -> set[int]:
    """Keys of the statements before which one is missing; the order of the rows does not matter."""
    if not rows:
        return set()
    begin = min(row.first for row in rows)
    closings: dict[int, list[Told]] = {}
    for row in rows:
        closings.setdefault(row.closing_minor, []).append(row)
    covered = _within_others(rows)
    return {
        row.pk
        for row in rows
        if row.first != begin
        and row.pk not in covered
        and not any(one.pk != row.pk and one.last <= row.last for one in closings.get(row.opening_minor, ()))
    }


def _within_others(rows: list[Told]) -> set[int]:
    """Keys of those whose days lie within a longer one's."""
    found = set()
    reach_before = reach_same = dt.date.min
    current = dt.date.min
    for row in sorted(rows, key=lambda one: (one.first, -one.last.toordinal())):
        if row.first != current:
            reach_before = max(reach_before, reach_same)
            current, reach_same = row.first, dt.date.min
        if reach_before >= row.last or reach_same > row.last:
            found.add(row.pk)
        reach_same = max(reach_same, row.last)
    return found
