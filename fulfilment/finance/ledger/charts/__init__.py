"""Charts of accounts as data: which role has which number in SKR03 (default) and SKR04."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

FOLDER = Path(__file__).parent
KNOWN = ("skr03", "skr04")


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


@lru_cache
def rows(chart: str) -> tuple[ChartRow, ...]:
    """The accounts of ``chart`` ("skr03", "skr04"); ValueError when there is no such chart."""
    if chart not in KNOWN:
        raise ValueError(f"no chart of accounts is called {chart!r}; known: {', '.join(KNOWN)}")
    with (FOLDER / f"{chart}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(ChartRow(**row) for row in csv.DictReader(file))


def sync(using: str = "default") -> int:
    """Bring the accounts up to the chosen chart: missing roles are made, unused accounts renumbered.

    An account that has been posted to keeps its number for ever: books are not renumbered. Returns how many changed.
    """
    from fulfilment.finance.ledger.models import Account, EntryLine

    have = {account.role: account for account in Account.objects.using(using).exclude(role="")}
    changed = 0
    for row in rows(chosen()):
        account = have.get(row.role)
        if account is None:
            Account.objects.using(using).create(
                role=row.role, number=row.number, kind=row.kind, name_de=row.name_de, name_en=row.name_en
            )
            changed += 1
        elif account.number != row.number:
            if not EntryLine.objects.using(using).filter(account=account).exists():
                account.number, account.name_de, account.name_en = row.number, row.name_de, row.name_en
                account.save(using=using)
                changed += 1
    return changed
