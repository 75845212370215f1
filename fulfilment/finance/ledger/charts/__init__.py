"""Charts of accounts as data: which role has which number in SKR03 (default) and SKR04."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

FOLDER = Path(__file__).parent
KNOWN = ("skr03", "skr04")
NUMBER_LENGTH = 4  #: digits of an account in both charts; DATEV takes longer ones for customers and suppliers


@dataclass(frozen=True)
class ChartRow:
    """One account of a chart."""

    role: str
    number: str
    kind: str
    name_de: str
    name_en: str


def chosen() -> str:
    """The chart the shop keeps its books in: settings.KONTOR_CHART, else SKR03."""
    return str(getattr(settings, "KONTOR_CHART", "skr03")).lower()


def kept() -> str:
    """The chart by which the accounts are numbered: that of the books, which keep theirs whatever the settings say now.
    One query."""
    from fulfilment.finance.ledger.models import Account

    numbers = dict(Account.objects.exclude(role="").values_list("role", "number"))

    def alike(chart: str) -> int:
        return sum(numbers.get(row.role) == row.number for row in rows(chart))

    return max((chosen(), *KNOWN), key=alike)


@lru_cache
def rows(chart: str) -> tuple[ChartRow, ...]:
    """The accounts of ``chart`` ("skr03", "skr04"); ValueError when there is no such chart."""
    if chart not in KNOWN:
        raise ValueError(f"no chart of accounts is called {chart!r}; known: {', '.join(KNOWN)}")
    with (FOLDER / f"{chart}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(ChartRow(**row) for row in csv.DictReader(file))


def sync(using: str = "default") -> int:
    """Bring the accounts up to the chosen chart: missing roles are made, and as long as nothing was posted all are
    numbered by it.

    Books that have entries keep their numbers for ever, whatever the settings say later. Returns how many changed.
    """
    from fulfilment.finance.ledger.models import Account, EntryLine

    with transaction.atomic(using=using):
        have = {account.role: account for account in Account.objects.using(using).exclude(role="")}
        wanted = rows(chosen())
        if EntryLine.objects.using(using).exists():
            other = next(
                (row for row in wanted if row.role in have and have[row.role].number != row.number), None
            )
            wanted = () if other else tuple(row for row in wanted if row.role not in have)
        elif all(row.role in have and have[row.role].number == row.number for row in wanted):
            return 0
        else:
            Account.objects.using(using).exclude(role="").update(
                number=Concat(Value("~"), Cast("id", CharField()))
            )
        taken = set(Account.objects.using(using).filter(role="").values_list("number", flat=True))
        for row in wanted:
            Account.objects.using(using).update_or_create(
                role=row.role,
                defaults={
                    "number": _free(row.number, taken),
                    "kind": row.kind,
                    "name_de": row.name_de,
                    "name_en": row.name_en,
                },
            )
    return len(wanted)


def _free(number: str, taken: set[str]) -> str:
    """The chart's number, or when an account of the house's own has it the next one that nobody has."""
    chart = {row.number for row in rows(chosen())} if number in taken else set()
    while number in taken or number in chart:
        number = f"{int(number) + 1:0{NUMBER_LENGTH}d}"
    return number
