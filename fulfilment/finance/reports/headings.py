"""The headings of the law as data, and which account stands under which.

``data/income.csv`` is § 275 (2) HGB (total cost format), ``data/balance.csv`` is § 266 (2) and (3) HGB. An account is
found by its role first, then by its number in the chart the books are kept in, then by its kind: so an own account
always has a place, and the sums always hold.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from django.utils.translation import get_language

from fulfilment.finance.ledger.models import ASSET, EQUITY, EXPENSE, LIABILITY, REVENUE, Account

FOLDER = Path(__file__).parent / "data"
INCOME, BALANCE = "income", "balance"
#: Where an account stands whose role and number no heading names.
BY_KIND = {
    INCOME: {REVENUE: "4", EXPENSE: "8"},
    BALANCE: {ASSET: "B.II.4", LIABILITY: "P.C.8", EQUITY: "P.A.IV"},
}
KINDS = {INCOME: (REVENUE, EXPENSE), BALANCE: (ASSET, LIABILITY, EQUITY)}


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading. ``otherwise``: where its accounts stand when they lie on the other side; ``adds``: it sums these."""

    code: str
    depth: int
    label_en: str
    label_de: str
    roles: tuple[str, ...]
    skr03: tuple[str, ...]
    skr04: tuple[str, ...]
    side: str = ""
    otherwise: str = ""
    adds: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The heading in the reader's language; the German one is the law's."""
        return self.label_de if (get_language() or "de").startswith("de") else self.label_en

    @property
    def is_group(self) -> bool:
        """Whether it only gathers the headings beneath it: no account stands under it directly."""
        return bool(self.side) and self.depth == 0 and not (self.roles or self.skr03 or self.skr04)

    def holds(self, number: str, chart: str) -> bool:
        """Whether the account ``number`` of ``chart`` lies in one of the heading's ranges ("8000-8799")."""
        for part in self.skr04 if chart == "skr04" else self.skr03:
            low, _dash, high = part.partition("-")
            if len(number) == len(low) and low <= number <= (high or low):
                return True
        return False


@lru_cache
def headings(statement: str) -> tuple[Heading, ...]:
    """The headings of ``INCOME`` or ``BALANCE`` in their order."""
    with (FOLDER / f"{statement}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_heading(row) for row in csv.DictReader(file))


def _heading(row: dict[str, str]) -> Heading:
    return Heading(
        code=row["code"],
        depth=int(row["depth"]),
        label_en=row["label_en"],
        label_de=row["label_de"],
        roles=tuple(row["roles"].split()),
        skr03=tuple(row["skr03"].split()),
        skr04=tuple(row["skr04"].split()),
        side=row.get("side", ""),
        otherwise=row.get("otherwise", ""),
        adds=tuple(row.get("adds", "").split()),
    )


def place(account: Account, statement: str, chart: str) -> str:
    """The code of the heading an account stands under; "" when it is of the other statement."""
    if account.kind not in KINDS[statement]:
        return ""
    rows = headings(statement)
    if account.role:
        for row in rows:
            if any(fnmatchcase(account.role, role) for role in row.roles):
                return row.code
    for row in rows:
        if row.holds(account.number, chart):
            return row.code
    return BY_KIND[statement][account.kind]


def chart_of(accounts: Sequence[Account]) -> str:
    """The chart the books are kept in, by the number of the bank: settings may say another one since."""
    bank = next((account.number for account in accounts if account.role == "bank"), "")
    return "skr04" if bank == "1800" else "skr03"
