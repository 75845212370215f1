"""The account of one claim, day by day: principal, interest by half-year, costs, payments. It equals the notices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext as _

from fulfilment.finance.amounts import rate_text
from fulfilment.finance.invoicing.models import Allocation, Invoice
from shop.kernel.money import split

from . import facts as facts_of
from .interest import Segment, interest_minor
from .models import ClaimPayment, DunningClaim, DunningItem
from .proposal import running_interest


@dataclass(frozen=True, slots=True)
class Row:
    """One line. Amounts in minor units, negative when they lower the claim; ``balance_minor`` is all that is owed."""

    day: dt.date
    text: str
    principal_minor: int = 0
    interest_minor: int = 0
    costs_minor: int = 0
    balance_minor: int = 0
    days: int = 0  #: of an interest line: days counted
    base_bp: int = 0  #: its base rate
    rate_bp: int = 0  #: base rate plus points

    @property
    def rate_text(self) -> str:
        """The rate as the reader writes it."""
        return rate_text(self.rate_bp)

    @property
    def base_text(self) -> str:
        """The base rate as the reader writes it."""
        return rate_text(self.base_bp)

    @property
    def amount_minor(self) -> int:
        """What the line adds or takes."""
        return self.principal_minor + self.interest_minor + self.costs_minor


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines up to a day, and what is open then of principal, interest, and costs."""

    invoice: Invoice
    until: dt.date
    rows: tuple[Row, ...]

    @property
    def principal_minor(self) -> int:
        """Open of the invoice itself."""
        return sum(row.principal_minor for row in self.rows)

    @property
    def interest_minor(self) -> int:
        """Open interest, with what has run since the last letter."""
        return sum(row.interest_minor for row in self.rows)

    @property
    def costs_minor(self) -> int:
        """Open costs and lump sum."""
        return sum(row.costs_minor for row in self.rows)

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.principal_minor + self.interest_minor + self.costs_minor


def statement(*, invoice: Invoice, until: dt.date) -> Statement:
    """The account of ``invoice`` up to ``until`` (included). A constant number of queries."""
    base = facts_of.ground(until)
    rows = [
        Row(invoice.issued_on, _("Invoice %(number)s") % {"number": invoice.number}, invoice.gross_minor),
        *_money(invoice),
        *_claims(invoice, base.rates),
        *_payments_of_claims(invoice),
    ]
    known = facts_of.read_one(base, invoice)
    running = running_interest(invoice, known)
    rows += _interest_rows(running, interest_minor(running), base.rates, _("Interest since the last letter"))
    standing = sorted((row for row in rows if row.day <= until), key=lambda row: row.day)
    return Statement(invoice, until, tuple(_with_balance(standing)))


def _money(invoice: Invoice) -> Iterator[Row]:
    laid = Allocation.objects.filter(invoice=invoice, reversed_at=None).select_related("money")
    for one in laid.order_by("money__booked_on", "pk"):
        text = f"{one.money.get_kind_display()} {one.money.reference}".strip()
        yield Row(one.money.booked_on, text, -one.amount_minor)


def _claims(invoice: Invoice, rates: tuple[tuple[dt.date, int], ...]) -> Iterator[Row]:
    """What each letter asked for beside the invoice, and what of it was waived."""
    items = DunningItem.objects.filter(invoice=invoice).select_related("notice", "invoice").order_by("level")
    parts = {item.notice_id: _kept_parts(item) for item in items}
    for claim in DunningClaim.objects.filter(invoice=invoice).select_related("notice").order_by("pk"):
        notice = claim.notice
        words = {"kind": claim.get_kind_display(), "number": notice.number}
        text = _("%(kind)s, letter %(number)s") % words
        if claim.kind == DunningClaim.INTEREST:
            yield from _interest_rows(parts.get(notice.pk, []), claim.amount_minor, rates, text)
        else:
            yield Row(notice.issued_on, text, costs_minor=claim.amount_minor)
        if claim.waived_at:
            yield _lowered(
                claim,
                timezone.localtime(claim.waived_at).date(),
                claim.amount_minor - claim.paid_minor,
                _("waived"),
            )


def _kept_parts(item: DunningItem) -> list[Segment]:
    """The interest of one item as the letter reckoned it."""
    number = item.invoice.number
    for row in item.notice.facts.get("interest", []):
        if row["invoice"] == number:
            return [
                Segment(
                    dt.date.fromisoformat(part["first"]),
                    dt.date.fromisoformat(part["last"]),
                    part["principal_minor"],
                    part["rate_bp"],
                )
                for part in row["parts"]
            ]
    return []


def _interest_rows(
    parts: list[Segment], amount_minor: int, rates: tuple[tuple[dt.date, int], ...], text: str
) -> list[Row]:
    """One line per stretch of days with one principal and one rate; together they are the amount, rounded once."""
    if not parts:
        return []
    amounts = split(amount_minor, [part.weight for part in parts])
    return [
        Row(
            part.last,
            text,
            interest_minor=amount,
            days=part.days,
            base_bp=max(((day, rate) for day, rate in rates if day <= part.first), default=(None, 0))[1],
            rate_bp=part.rate_bp,
        )
        for part, amount in zip(parts, amounts, strict=True)
    ]


def _payments_of_claims(invoice: Invoice) -> Iterator[Row]:
    rows = ClaimPayment.objects.filter(claim__invoice=invoice, undone_at=None).select_related("claim")
    for one in rows.order_by("pk"):
        yield _lowered(one.claim, one.paid_on, one.amount_minor, _("paid"))


def _lowered(claim: DunningClaim, day: dt.date, amount_minor: int, how: str) -> Row:
    text = f"{claim.get_kind_display()}: {how}"
    if claim.kind == DunningClaim.INTEREST:
        return Row(day, text, interest_minor=-amount_minor)
    return Row(day, text, costs_minor=-amount_minor)


def _with_balance(rows: Iterable[Row]) -> Iterator[Row]:
    balance = 0
    for row in rows:
        balance += row.amount_minor
        yield replace(row, balance_minor=balance)
