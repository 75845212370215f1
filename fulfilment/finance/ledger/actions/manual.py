"""Manual entries: what a person writes, checked in words, above a limit by two people."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from fulfilment.finance.ledger import vat_keys
from fulfilment.finance.ledger.models import Account, Attachment, Entry
from fulfilment.finance.ledger.postings import Posting
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .days import LedgerError, refuse_closed
from .posting import BY_NUMBER, post

KIND = "manual_entry"
LINES_MAX = 40
#: Accounts that only documents, payments and the VAT choice post to, and what to do instead.
KEPT_BY_OTHERS = (
    "receivable",
    "unexplained",
    "opening_balance",
    "input_vat",
    "vat_19",
    "vat_7",
    "vat_other",
    "vat_abroad",
)


@dataclass(frozen=True, slots=True)
class ManualLine:
    """One line as a person writes it: account by number, one side in minor units (gross when there is VAT in it)."""

    account: str
    debit_minor: int = 0
    credit_minor: int = 0
    vat: str = ""


@dataclass(frozen=True, slots=True)
class Manual:
    """A manual entry that is not posted yet.

    key: 32 hexadecimal digits made with the form, so that a double click posts once. into_closed: why it goes into a
    softly closed month. attachments: ids of papers this person uploaded.
    """

    key: str
    booked_on: dt.date
    text: str
    lines: tuple[ManualLine, ...]
    document: str = ""
    into_closed: str = ""
    attachments: tuple[int, ...] = field(default=())

    @property
    def source(self) -> str:
        """The fact behind the entry."""
        return f"manual:{self.key}"

    @property
    def amount_minor(self) -> int:
        """What the limit counts: the debits."""
        return sum(line.debit_minor for line in self.lines)

    def facts(self) -> dict[str, Any]:
        """Plain values for the request for approval."""
        return asdict(self) | {"booked_on": self.booked_on.isoformat()}


def from_facts(facts: dict[str, Any]) -> Manual:
    """What ``facts()`` wrote down."""
    return Manual(
        **facts
        | {
            "booked_on": dt.date.fromisoformat(facts["booked_on"]),
            "lines": tuple(ManualLine(**line) for line in facts["lines"]),
            "attachments": tuple(facts["attachments"]),
        }
    )


def postings(manual: Manual) -> list[Posting]:
    """The lines that will be posted, VAT taken out. Raises LedgerError, in words for people. One query."""
    if not 2 <= len(manual.lines) <= LINES_MAX:
        raise LedgerError(_("An entry has between two and %(n)d lines.") % {"n": LINES_MAX})
    accounts = {
        row.number: row for row in Account.objects.filter(number__in={it.account for it in manual.lines})
    }
    made: list[Posting] = []
    for line in manual.lines:
        account = accounts.get(line.account)
        if account is None or not account.is_active:
            raise LedgerError(_("There is no account %(number)s.") % {"number": line.account})
        _refuse_line(line, account)
        name = account.role or f"{BY_NUMBER}{account.number}"
        key = vat_keys.KEYS.get(line.vat)
        made += vat_keys.split(name, key, debit_minor=line.debit_minor, credit_minor=line.credit_minor)
    off = sum(line.debit_minor - line.credit_minor for line in made)
    if off:
        raise LedgerError(_("Debits and credits differ by %(amount)s.") % {"amount": money_text(abs(off))})
    return made


def check(*, manual: Manual, by: Any) -> list[Posting]:
    """Everything that can be said before posting. Raises LedgerError, PeriodClosed. Returns what will be posted."""
    if not re.fullmatch(r"[0-9a-f]{32}", manual.key):
        raise LedgerError(_("Please open the form anew."))
    if not manual.text.strip():
        raise LedgerError(_("Nothing is posted without a text."))
    if manual.into_closed and not by.has_perm("ledger.post_into_closed"):
        raise LedgerError(_("Your role may not post into a closed month."))
    refuse_closed(manual.booked_on, into_closed=manual.into_closed)
    return postings(manual)


def enter(*, manual: Manual, by: Any) -> tuple[Entry | None, Approval | None]:
    """Post a manual entry, or above the limit of ``by`` ask for a second person. A double click changes nothing.

    Returns the entry, or the request that waits. Raises LedgerError, PeriodClosed.
    """
    known = Entry.objects.filter(source=manual.source).first()
    if known is not None:
        return known, None
    lines = check(manual=manual, by=by)
    if approvals.needed(kind_name=KIND, amount_minor=manual.amount_minor, by=by):
        request, _new = approvals.ask(
            kind_name=KIND,
            key=manual.source,
            title=manual.text,
            amount_minor=manual.amount_minor,
            facts=manual.facts(),
            consequences=sentences(lines),
            reason=manual.text,
            by=by,
        )
        return None, request
    return write(manual=manual, by=by), None


def write(*, manual: Manual, by: Any) -> Entry:
    """Post it with its papers, in one transaction. The limit was asked before. Raises LedgerError, PeriodClosed."""

    def work() -> Entry:
        lines = check(manual=manual, by=by)
        entry = post(
            source=manual.source,
            kind="manual",
            lines=lines,
            booked_on=manual.booked_on,
            text=manual.text.strip(),
            document=manual.document.strip(),
            by=by,
            only_on_its_day=True,
            into_closed=manual.into_closed.strip(),
        )
        papers = Attachment.objects.filter(pk__in=manual.attachments, uploaded_by=by)
        if papers.filter(entry=entry).count() == len(manual.attachments):  # posted before
            return entry
        if papers.filter(entry__isnull=True).update(entry=entry) != len(manual.attachments):
            raise LedgerError(_("An attachment belongs to another entry; please upload it again."))
        return entry

    return retrying(work)


def sentences(lines: Sequence[Posting]) -> list[str]:
    """What will be posted, one sentence a line."""
    numbers = dict(Account.objects.exclude(role="").values_list("role", "number"))
    found = []
    for line in lines:
        amount = money_text(line.debit_minor or line.credit_minor, line.currency)
        text = _("Debit %(account)s %(amount)s") if line.debit_minor else _("Credit %(account)s %(amount)s")
        number = numbers.get(line.role, line.role.removeprefix(BY_NUMBER))
        found.append(text % {"account": number, "amount": amount})
    return found


def _refuse_line(line: ManualLine, account: Account) -> None:
    """Raise LedgerError when a person may not write this line."""
    facts = {"account": str(account)}
    if (line.debit_minor > 0) == (line.credit_minor > 0) or min(line.debit_minor, line.credit_minor) < 0:
        raise LedgerError(_("%(account)s: each line has either a debit or a credit.") % facts)
    if account.role == "receivable":
        raise LedgerError(
            _("%(account)s: what customers owe changes by invoices, credit notes and payments only.") % facts
        )
    if account.role == "unexplained":
        raise LedgerError(_("%(account)s: unexplained money is explained at its bank receipt.") % facts)
    if account.role == "opening_balance":
        raise LedgerError(_("%(account)s: opening balances have their own page.") % facts)
    if account.role in KEPT_BY_OTHERS:
        raise LedgerError(_("%(account)s: choose the VAT at the line it belongs to.") % facts)
    fixed = vat_keys.FIXED.get(account.role)
    if fixed and line.vat != fixed:
        wanted = {"vat": vat_keys.KEYS[fixed].label}
        raise LedgerError(_("%(account)s: this account is posted to with %(vat)s only.") % (facts | wanted))
    key = vat_keys.KEYS.get(line.vat)
    if line.vat and (key is None or not vat_keys.fits(key, account)):
        raise LedgerError(_("%(account)s: this VAT does not go with this account.") % facts)
