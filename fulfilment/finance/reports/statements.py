"""Profit and loss, and the balance sheet, from the balances of accounts; nothing is booked for them.

The result of a year is computed, so are those of the years before that were never closed: no closing entry is needed,
and one that was made (to the account of profits carried forward) changes nothing twice, because it empties the accounts
it closes.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from fulfilment.finance.ledger.models import EXPENSE, REVENUE, Account

from . import balances
from .headings import BALANCE, INCOME, Heading, chart_of, headings, place

RESULT, CARRIED, ADVANCES, EQUITY_SUM = "P.A.V", "P.A.IV", "P.C.3", "P.A"


@dataclass(slots=True)
class Line:
    """A heading with what it has now and had before, and the accounts that make it up; minor units."""

    heading: Heading
    now_minor: int = 0
    before_minor: int = 0
    accounts: dict[int, tuple[Account, int, int]] = field(default_factory=dict)

    def add(self, account: Account | None, now: int, before: int) -> None:
        """Put an amount under the heading; None: computed, there is no account behind it."""
        self.now_minor += now
        self.before_minor += before
        if account is not None and (now or before):
            _same, had, had_before = self.accounts.get(account.pk, (account, 0, 0))
            self.accounts[account.pk] = (account, had + now, had_before + before)


def income(
    *, first: dt.date, last: dt.date, before: tuple[dt.date, dt.date], currency: str = "EUR"
) -> list[Line]:
    """Profit and loss of a period beside another, § 275 (2) HGB; income positive, expense negative. Three queries."""
    accounts = list(Account.objects.all())
    chart = chart_of(accounts)
    now = balances.by_account(first_day=first, last_day=last, currency=currency)
    then = balances.by_account(first_day=before[0], last_day=before[1], currency=currency)
    lines = {heading.code: Line(heading) for heading in headings(INCOME)}
    for account in accounts:
        code = place(account, INCOME, chart)
        if code:
            lines[code].add(account, _moved(now.get(account.pk)), _moved(then.get(account.pk)))
    for line in lines.values():
        for code in line.heading.adds:
            line.now_minor += lines[code].now_minor
            line.before_minor += lines[code].before_minor
    return list(lines.values())


def _moved(row: balances.AccountSum | None) -> int:
    return 0 if row is None else row.credit_minor - row.debit_minor


@dataclass(slots=True)
class BalanceSheet:
    """Both sides of a balance sheet; ``assets`` equals ``liabilities`` to the cent when the books balance."""

    lines: list[Line]

    def total(self, side: str, *, before: bool = False) -> int:
        """The sum of a side ("assets", "liabilities"), in minor units."""
        return sum(
            line.before_minor if before else line.now_minor
            for line in self.lines
            if line.heading.side == side and not line.heading.is_group
        )


def balance_sheet(*, day: dt.date, before: dt.date, currency: str = "EUR") -> BalanceSheet:
    """The balance sheet at the end of ``day`` beside that of another, § 266 HGB. Constant number of statements."""
    accounts = list(Account.objects.all())
    chart = chart_of(accounts)
    lines = {heading.code: Line(heading) for heading in headings(BALANCE)}
    for is_before, on in ((False, day), (True, before)):
        for code, account, amount in _sheet(accounts, chart, on, currency):
            lines[code].add(account, 0 if is_before else amount, amount if is_before else 0)
    for code, line in lines.items():
        if line.heading.is_group:
            below = [one for other, one in lines.items() if other.startswith(f"{code}.")]
            line.now_minor = sum(one.now_minor for one in below)
            line.before_minor = sum(one.before_minor for one in below)
    return BalanceSheet(list(lines.values()))


def _sheet(
    accounts: list[Account], chart: str, day: dt.date, currency: str
) -> list[tuple[str, Account | None, int]]:
    """(heading, account, amount positive on its own side) of one day."""
    year = balances.by_account(first_day=day.replace(month=1, day=1), last_day=day, currency=currency)
    found: list[tuple[str, Account | None, int]] = []
    computed: dict[str, int] = defaultdict(int)
    by_code = {heading.code: heading for heading in headings(BALANCE)}
    for account in accounts:
        row = year.get(account.pk)
        if row is None:
            continue
        if account.kind in (REVENUE, EXPENSE):
            computed[RESULT] -= row.closing_minor - row.opening_minor
            computed[CARRIED] -= row.opening_minor
        elif account.role == "receivable":
            found += _receivable(account, row.closing_minor, day, currency)
        else:
            code = _side(by_code, place(account, BALANCE, chart), row.closing_minor)
            sign = 1 if by_code[code].side == "assets" else -1
            found.append((code, account, sign * row.closing_minor))
    return found + [(code, None, amount) for code, amount in computed.items()]


def _side(by_code: dict[str, Heading], code: str, closing: int) -> str:
    """The heading, or the one on the other side when the account lies there: a bank in overdraft is a debt."""
    heading = by_code[code]
    is_other = closing < 0 if heading.side == "assets" else closing > 0
    return heading.otherwise if is_other and heading.otherwise else code


def _receivable(
    account: Account, closing: int, day: dt.date, currency: str
) -> list[tuple[str, Account | None, int]]:
    """What customers owe and what they paid in advance are not set off (§ 246 (2) HGB)."""
    owed, credit = balances.sides(account.pk, day, currency)
    unnamed = closing - owed + credit  # lines without a sub-account, if there are any
    owed, credit = owed + max(0, unnamed), credit + max(0, -unnamed)
    return [("B.II.1", account, owed), (ADVANCES, account, credit)]
