"""What the accounts begin a year with, once per year and account, against the account of opening balances. Above the
limit of manual entries by two people."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import Posting
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .days import LedgerError, refuse_closed
from .manual import KIND
from .posting import BY_NUMBER, post

CONTRA = "opening_balance"
KEY_PREFIX = "opening:"  #: a request for approval that is about opening balances
#: Accounts whose balance is made of single documents: it comes with them, not as one sum.
BY_DOCUMENTS = ("receivable", "unexplained", CONTRA)


@dataclass(frozen=True, slots=True)
class Opening:
    """The balance of one account, on one side, in minor units."""

    account: str
    debit_minor: int = 0
    credit_minor: int = 0


def open_balances(*, year: int, rows: Sequence[Opening], by: Any) -> tuple[list[Entry], Approval | None]:
    """Post what the accounts begin ``year`` with, all rows or none, or above the limit of ``by`` (that of manual
    entries; it counts the debits) ask for a second person.

    Returns the entries, or none and the request that waits; the same rows are asked for once. Debits and credits must
    be equal. An account that has its opening balance of this year is refused until that entry is reversed. Raises
    LedgerError in words, PeriodClosed.
    """
    amount = sum(row.debit_minor for row in rows)
    if not approvals.needed(kind_name=KIND, amount_minor=amount, by=by):
        return write_openings(year=year, rows=rows, by=by), None
    accounts = check_openings(year=year, rows=rows)
    title = _("Opening balances %(year)d") % {"year": year}
    request, _new = approvals.ask(
        kind_name=KIND,
        key=f"{KEY_PREFIX}{year}:{digest(year, rows)}",
        title=title,
        amount_minor=amount,
        facts={
            "year": year,
            "booked_on": dt.date(year, 1, 1).isoformat(),
            "rows": [asdict(row) for row in rows],
        },
        consequences=[_sentence(accounts[row.account], row) for row in rows],
        reason=title,
        by=by,
    )
    return [], request


def write_openings(*, year: int, rows: Sequence[Opening], by: Any) -> list[Entry]:
    """Post them, in one transaction. The limit was asked before. Raises LedgerError, PeriodClosed."""
    day = dt.date(year, 1, 1)

    def work() -> list[Entry]:
        accounts, turns = _checked(year, rows)
        return [
            post(
                source=f"opening:{year}:{row.account}:{turns[row.account]}",
                kind="opening_balance",
                lines=_lines(accounts[row.account], row),
                booked_on=day,
                text=_("Opening balance %(year)d") % {"year": year},
                document=f"{year}",
                by=by,
                only_on_its_day=True,
            )
            for row in rows
        ]

    return retrying(work)


def digest(year: int, rows: Sequence[Opening]) -> str:
    """Says whether what is posted is what was shown or asked for: 64 hexadecimal digits."""
    facts = [(row.account, row.debit_minor, row.credit_minor) for row in rows]
    return hashlib.sha256(f"{year} {facts}".encode()).hexdigest()


def from_facts(facts: dict[str, Any]) -> tuple[int, list[Opening]]:
    """The year and rows that a request for approval wrote down."""
    return int(facts["year"]), [Opening(**row) for row in facts["rows"]]


def check_openings(*, year: int, rows: Sequence[Opening]) -> dict[str, Account]:
    """Everything that can be said before posting. Raises LedgerError, PeriodClosed. Returns the accounts by number."""
    return retrying(lambda: _checked(year, rows)[0])


def _checked(year: int, rows: Sequence[Opening]) -> tuple[dict[str, Account], dict[str, int]]:
    refuse_closed(dt.date(year, 1, 1))
    accounts = _accounts(rows)
    _refuse_unequal(rows)
    return accounts, _turns(year, [row.account for row in rows])


def _sentence(account: Account, row: Opening) -> str:
    amount = money_text(row.debit_minor or row.credit_minor)
    text = _("Debit %(account)s %(amount)s") if row.debit_minor else _("Credit %(account)s %(amount)s")
    return text % {"account": str(account), "amount": amount}


def _lines(account: Account, row: Opening) -> list[Posting]:
    name, subject = account.role or f"{BY_NUMBER}{account.number}", f"opening:{account.number}"
    return [
        Posting(name, debit_minor=row.debit_minor, credit_minor=row.credit_minor),
        Posting(CONTRA, debit_minor=row.credit_minor, credit_minor=row.debit_minor, subject=subject),
    ]


def _accounts(rows: Sequence[Opening]) -> dict[str, Account]:
    """The accounts by number, locked: of two who open the same one, the second sees what the first did."""
    if not rows:
        raise LedgerError(_("There is nothing to post."))
    wanted = [row.account for row in rows]
    locked = Account.objects.select_for_update().filter(number__in=wanted).order_by("pk")
    found = {account.number: account for account in locked}
    for row in rows:
        account = found.get(row.account)
        if account is None or not account.is_active:
            raise LedgerError(_("There is no account %(number)s.") % {"number": row.account})
        if account.role in BY_DOCUMENTS:
            raise LedgerError(
                _("%(account)s: this balance is made of single documents and comes with them.")
                % {"account": str(account)}
            )
        if (row.debit_minor > 0) == (row.credit_minor > 0) or min(row.debit_minor, row.credit_minor) < 0:
            raise LedgerError(
                _("%(account)s: each line has either a debit or a credit.") % {"account": str(account)}
            )
    twice = sorted({number for number in wanted if wanted.count(number) > 1})
    if twice:
        raise LedgerError(_("Account %(number)s stands twice in the list.") % {"number": twice[0]})
    return found


def _refuse_unequal(rows: Sequence[Opening]) -> None:
    off = sum(row.debit_minor - row.credit_minor for row in rows)
    if off:
        raise LedgerError(_("Debits and credits differ by %(amount)s.") % {"amount": money_text(abs(off))})


def _turns(year: int, numbers: Sequence[str]) -> dict[str, int]:
    """Which opening of the year this is per account: 1, or one more for each that was reversed. Raises LedgerError."""
    known = Entry.objects.filter(source__startswith=f"opening:{year}:", kind="opening_balance")
    turns = dict.fromkeys(numbers, 1)
    for source, reversal in known.values_list("source", "reversed_by"):
        number = source.split(":")[2]
        if number not in turns:
            continue
        if reversal is None:
            raise LedgerError(
                _("Account %(number)s has its opening balance of %(year)d; reverse that entry first.")
                % {"number": number, "year": year}
            )
        turns[number] += 1
    return turns
