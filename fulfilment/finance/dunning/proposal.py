"""Who gets which letter on a day, and what is held back and why: decided from facts, without a query of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from fulfilment.finance.invoicing.models import Invoice

from .calendar import is_business_day
from .facts import Debt, Facts, Ground
from .interest import Segment, interest_minor, segments
from .models import DunningLevel
from .receipts import newest_bank_day

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Held:
    """An overdue invoice that gets no letter now, and why."""

    invoice: Debt
    why: str


@dataclass(slots=True)
class ItemProposal:
    """One invoice of a letter. Amounts in minor units."""

    invoice: Debt
    level: DunningLevel
    days_overdue: int
    interest: tuple[Segment, ...]
    interest_minor: int
    interest_until: dt.date | None
    fee_minor: int
    lump_sum_minor: int
    earlier_minor: int

    @property
    def why(self) -> str:
        """Why it is in the letter, for people."""
        words = {"days": self.days_overdue, "level": self.level.name}
        return _("%(days)d days overdue, %(level)s is due") % words


@dataclass(frozen=True)
class Proposal:
    """One letter to one customer."""

    user_id: int | None
    email: str
    language: str
    currency: str
    level: DunningLevel
    items: tuple[ItemProposal, ...]

    @property
    def key(self) -> str:
        """Names the customer within one day's list."""
        return f"{self.user_id or self.email}:{self.language}:{self.currency}"

    @property
    def open_minor(self) -> int:
        """The unpaid principal."""
        return sum(item.invoice.open_minor for item in self.items)

    @property
    def interest_minor(self) -> int:
        """Default interest of all items."""
        return sum(item.interest_minor for item in self.items)

    @property
    def fee_minor(self) -> int:
        """Costs: one letter, one postage, put on the first item."""
        return sum(item.fee_minor for item in self.items)

    @property
    def lump_sum_minor(self) -> int:
        """§ 288 (5) BGB."""
        return sum(item.lump_sum_minor for item in self.items)

    @property
    def earlier_minor(self) -> int:
        """Interest and costs of earlier letters that are still open."""
        return sum(item.earlier_minor for item in self.items)

    @property
    def total_minor(self) -> int:
        """What the letter asks for: all that is open of its invoices."""
        added = self.interest_minor + self.fee_minor + self.lump_sum_minor + self.earlier_minor
        return self.open_minor + added


@dataclass(frozen=True)
class Plan:
    """A day's letters and what is held back."""

    day: dt.date
    proposals: tuple[Proposal, ...]
    held: tuple[Held, ...]
    stopped: str = ""  #: why nothing goes out at all today; empty when letters may go
    more: bool = False  #: there are more customers than were looked at


@dataclass(frozen=True)
class Decided:
    """What some invoices lead to: letters, and what is held back."""

    letters: tuple[Proposal, ...]
    held: tuple[Held, ...]


def decide(invoices: Sequence[Debt], facts: Facts) -> Decided:
    """One letter per customer, each item with its reason, and what is held back and why."""
    items: list[ItemProposal] = []
    held: list[Held] = []
    for invoice in invoices:
        level = _next_level(invoice, facts)
        if level is None:
            continue
        stop = _hard_stop(invoice, level, facts)
        if stop:
            held.append(Held(invoice, stop))
        else:
            items.append(_item(invoice, level, facts))
    return Decided(_letters(items), tuple(held))


def _next_level(invoice: Debt, facts: Facts) -> DunningLevel | None:
    """The level whose day has come, or None."""
    last = facts.last.get(invoice.pk)
    after = last.level if last else -1
    level = next((level for level in facts.ground.levels if level.level > after), None)
    if level is None:
        return None
    if last and last.notice.issued_on >= facts.day:  # never two letters on one day, however short the terms
        return None
    start = last.notice.pay_until if last else invoice.due_on
    return level if facts.day >= start + dt.timedelta(days=level.days_after) else None


def _hard_stop(invoice: Debt, level: DunningLevel, facts: Facts) -> str:
    """Why this invoice gets no letter now; empty when nothing speaks against it."""
    handed = facts.handed_over.get(invoice.pk)
    if handed:
        return _("handed over to %(who)s") % {"who": handed.collector}
    if invoice.held:
        return invoice.held_reason or _("a complaint or return is open")
    if invoice.order_id in facts.disputed:
        return _("the payment is disputed")
    if invoice.order_id in facts.in_transit:
        return _("a payment is on its way")
    hold = facts.holds_invoice.get(invoice.pk) or facts.holds_user.get(invoice.user_id or 0)
    if hold:
        return _("held until %(until)s: %(reason)s") % {
            "until": hold.until.isoformat(),
            "reason": hold.reason,
        }
    promise = facts.promises.get(invoice.pk)
    if promise:
        return _("payment promised until %(until)s") % {"until": promise.pay_on.isoformat()}
    if level.charges_interest and _default_since(invoice, facts) and not _rate_is_known(facts):
        return _("the base rate of this half-year is not entered yet; without it interest would be wrong")
    if invoice.open_minor < level.minimum_minor:
        return _("the open amount is below the smallest this level asks for")
    if not invoice.buyer.get("email"):
        return _("there is no e-mail address; please write by post")
    return ""


def stopped(base: Ground) -> str:
    """Why nobody gets a letter on this day; empty when letters may go. One query at most."""
    limit = base.policy.receipts_checked_within_days
    if limit is not None:
        newest = newest_bank_day()
        if newest is None:
            return _("Nothing is known of the bank account; nobody is reminded until it was read.")
        if (base.day - newest).days > limit:
            words = {"until": newest.strftime("%d.%m.%Y"), "days": limit}
            return (
                _(
                    "The bank account was read until %(until)s, more than %(days)d days ago; nobody is reminded until "
                    "newer statements are here."
                )
                % words
            )
    if not is_business_day(base.day, base.policy.holidays_state):
        return _("Not a business day; letters go out on the next one.")
    return ""


def running_interest(invoice: Debt | Invoice, facts: Facts) -> list[Segment]:
    """Default interest from the day after what was charged before (or from default on) up to the day of the facts."""
    default = _default_since(invoice, facts)
    if not default or not facts.ground.rates:
        return []
    charged = facts.charged_until.get(invoice.pk)
    first = max(default, charged + ONE_DAY) if charged else default
    policy = facts.policy
    return segments(
        principal=_principal(invoice, facts),
        first=first,
        last=facts.day,
        base_rates=facts.ground.rates,
        points_bp=policy.business_points_bp if _is_business(invoice) else policy.consumer_points_bp,
    )


def _default_since(invoice: Debt | Invoice, facts: Facts) -> dt.date | None:
    """The first day of default; None while the term that ends in it still runs."""
    default = facts.default_since.get(invoice.pk)
    return default if default and default <= facts.day else None


def _rate_is_known(facts: Facts) -> bool:
    """Whether the base rate of this half-year is on file (§ 247 (1) BGB: it changes on 1 January and 1 July)."""
    half_year = dt.date(facts.day.year, 1 if facts.day.month < 7 else 7, 1)
    return any(start >= half_year for start, _rate in facts.ground.rates)


def _is_business(invoice: Debt | Invoice) -> bool:
    return bool(invoice.buyer.get("vat_id"))


def _item(invoice: Debt, level: DunningLevel, facts: Facts) -> ItemProposal:
    in_default = _default_since(invoice, facts) is not None
    parts = running_interest(invoice, facts) if level.charges_interest else []
    asked = invoice.pk in facts.lump_asked
    lump = in_default and level.charges_interest and _is_business(invoice) and not asked
    days = invoice.days_overdue(facts.day)
    return ItemProposal(
        invoice=invoice,
        level=level,
        days_overdue=days,
        interest=tuple(parts),
        interest_minor=interest_minor(parts),
        interest_until=facts.day if parts else None,
        # Costs are damage of default (§§ 280, 286 BGB): the letter that comes before it is free, whatever its level.
        # The lump sum stands for such costs (§ 288 (5) sentence 3 BGB): who owes it owes no postage beside it.
        fee_minor=level.fee_minor if in_default and not (lump or asked) else 0,
        lump_sum_minor=facts.policy.lump_sum_minor if lump else 0,
        earlier_minor=facts.earlier.get(invoice.pk, 0),
    )


def _principal(invoice: Debt | Invoice, facts: Facts) -> list[tuple[dt.date, int]]:
    """What was open of the invoice itself, day by day: each payment lowers it from its own day on."""
    left = invoice.gross_minor
    steps = [(dt.date.min, left)]
    for day, amount in sorted(facts.paid.get(invoice.pk, [])):
        left -= amount
        steps.append((day, max(0, left)))
    return steps


def _letters(items: Iterable[ItemProposal]) -> tuple[Proposal, ...]:
    """One letter per customer, language and currency, at the highest level among its items; one postage each."""
    groups: dict[tuple[Any, ...], list[ItemProposal]] = {}
    for item in items:
        invoice = item.invoice
        email = str(invoice.buyer.get("email", "")).casefold()
        groups.setdefault((invoice.user_id, email, invoice.language, invoice.currency), []).append(item)
    found = []
    for (user_id, email, language, currency), mine in groups.items():
        highest = max((item.level for item in mine), key=lambda level: level.level)
        postage = max(item.fee_minor for item in mine)
        charged = [
            _with_fee(item, postage if position == 0 else 0)
            for position, item in enumerate(_costly_first(mine))
        ]
        found.append(Proposal(user_id, email, language, currency, highest, tuple(charged)))
    return tuple(found)


def _costly_first(items: list[ItemProposal]) -> list[ItemProposal]:
    if len(items) == 1:
        return items
    return sorted(items, key=lambda item: (-item.level.level, item.invoice.due_on, item.invoice.pk))


def _with_fee(item: ItemProposal, fee_minor: int) -> ItemProposal:
    return item if item.fee_minor == fee_minor else replace(item, fee_minor=fee_minor)
