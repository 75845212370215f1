"""An account sheet of any length: the page a person looks at costs the lines of that page.

Kept balances say how many lines each day has and what they add up to, so the balance carried forward and the place of a
page are found by days; only within a day lines are counted off.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from itertools import accumulate
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from fulfilment.finance.ledger import queries
from fulfilment.finance.ledger.models import Account

from . import balances
from .table import Row


class Sheet:
    """The lines of an account within some days, in the order of the books, each with the balance after it."""

    def __init__(
        self,
        account: Account,
        *,
        first: dt.date | None = None,
        last: dt.date | None = None,
        currency: str = "EUR",
    ) -> None:
        self.account, self.currency = account, currency
        days = balances.days_of(account.pk, last_day=last, currency=currency)
        self.opening_minor = sum(one.amount_minor for one in days if first and one.day < first)
        self.days = [one for one in days if not first or one.day >= first]
        self.starts = [0, *accumulate(one.lines for one in self.days)]  #: lines before each day
        self.carried = list(accumulate((one.amount_minor for one in self.days), initial=self.opening_minor))

    @property
    def closing_minor(self) -> int:
        """The balance after the last line, in minor units."""
        return self.carried[-1]

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, part: slice) -> list[Row]:
        start, stop, _step = part.indices(len(self))
        if start >= stop:
            return []
        at = bisect_right(self.starts, start) - 1
        end = bisect_right(self.starts, stop - 1) - 1
        lines = queries.account_lines(
            self.account, first_day=self.days[at].day, last_day=self.days[end].day, currency=self.currency
        )
        skipped = start - self.starts[at]
        balance = self.carried[at]
        rows: list[Row] = []
        for number, line in enumerate(lines[: stop - self.starts[at]]):
            if number == skipped:
                rows.append(carried_row(balance))
            balance += line.amount_minor
            if number >= skipped:
                rows.append(line_row(line, balance))
        return rows


class SubSheet:
    """The same for one sub-account: few lines, which are simply read."""

    def __init__(
        self,
        account: Account,
        subject: str,
        *,
        first: dt.date | None = None,
        last: dt.date | None = None,
        currency: str = "EUR",
    ) -> None:
        lines = list(queries.account_lines(account, last_day=last, subject=subject, currency=currency))
        self.opening_minor = sum(
            line.amount_minor for line in lines if first and line.entry.booked_on < first
        )
        self.lines = [line for line in lines if not first or line.entry.booked_on >= first]
        self.closing_minor = self.opening_minor + sum(line.amount_minor for line in self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, part: slice) -> list[Row]:
        start, stop, _step = part.indices(len(self))
        balance = self.opening_minor + sum(line.amount_minor for line in self.lines[:start])
        rows = [carried_row(balance)]
        for line in self.lines[start:stop]:
            balance += line.amount_minor
            rows.append(line_row(line, balance))
        return rows if len(rows) > 1 else []


def carried_row(balance_minor: int) -> Row:
    """What the page before left."""
    return Row([None, _("Carried forward"), None, None, None, None, None, balance_minor], style="note")


def line_row(line: Any, balance_minor: int) -> Row:
    """One line of the sheet; day, kind, document, text, sub-account, debit, credit, balance."""
    entry = line.entry
    cells = [
        entry.booked_on, str(entry.get_kind_display()), entry.document, entry.text, line.subject,
        line.debit_minor or None, line.credit_minor or None, balance_minor,
    ]  # fmt: skip
    urls = {1: reverse("finance:entry", args=[entry.pk]), 4: f"?{urlencode({'q': line.subject})}"}
    return Row(cells, urls)
