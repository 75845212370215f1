"""Who would get which letter on a day, and what is held back and why. Reads only; a constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from checkout.payment.models import Payment
from fulfilment.finance.invoicing.models import Allocation, Invoice, OrderMoney

from .calendar import is_business_day
from .interest import Segment, interest_minor, segments
from .models import BaseRate, DunningClaim, DunningHold, DunningItem, DunningLevel, DunningPolicy


@dataclass(frozen=True)
class Held:
    """An overdue invoice that gets no letter now, and why."""

    invoice: Invoice
    why: str


@dataclass(frozen=True)
class ItemProposal:
    """One invoice of a letter. Amounts in minor units."""

    invoice: Invoice
    level: DunningLevel
    days_overdue: int
    interest: tuple[Segment, ...]
    interest_minor: int
    interest_until: dt.date | None
    fee_minor: int
    lump_sum_minor: int
    why: str


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
    def total_minor(self) -> int:
        """What the letter asks for."""
        return self.open_minor + self.interest_minor + self.fee_minor + self.lump_sum_minor


@dataclass(frozen=True)
class Plan:
    """A day's letters and what is held back."""

    day: dt.date
    proposals: tuple[Proposal, ...]
    held: tuple[Held, ...]
    stopped: str = ""  #: why nothing goes out at all today; empty when letters may go


@dataclass
class _Facts:
    """Everything the decision needs, read at once."""

    day: dt.date
    policy: DunningPolicy
    levels: list[DunningLevel]
    rates: list[tuple[dt.date, int]]
    last: dict[int, DunningItem] = field(default_factory=dict)
    default_since: dict[int, dt.date] = field(default_factory=dict)
    charged_until: dict[int, dt.date] = field(default_factory=dict)
    lump_asked: set[int] = field(default_factory=set)
    paid: dict[int, list[tuple[dt.date, int]]] = field(default_factory=dict)
    disputed: set[int] = field(default_factory=set)
    in_transit: set[int] = field(default_factory=set)
    holds_invoice: dict[int, DunningHold] = field(default_factory=dict)
    holds_user: dict[int, DunningHold] = field(default_factory=dict)


def plan(day: dt.date) -> Plan:
    """What would go out on ``day``: one letter per customer, each item with its reason, and what is held back."""
    overdue = list(Invoice.objects.overdue(day).select_related("user").order_by("due_on", "pk"))
    facts = _read(day, overdue)
    items: list[ItemProposal] = []
    held: list[Held] = []
    for invoice in overdue:
        level = _next_level(invoice, facts)
        if level is None:
            continue
        stop = _hard_stop(invoice, level, facts)
        if stop:
            held.append(Held(invoice, stop))
        else:
            items.append(_item(invoice, level, facts))
    return Plan(day, _letters(items), tuple(held), _stopped(facts))


def _read(day: dt.date, overdue: list[Invoice]) -> _Facts:
    policy = DunningPolicy.objects.first() or DunningPolicy()
    levels = list(DunningLevel.objects.filter(enabled=True).order_by("level"))
    facts = _Facts(day, policy, levels, list(BaseRate.objects.values_list("valid_from", "rate_bp")))
    ids = [invoice.pk for invoice in overdue]
    orders = {invoice.order_id for invoice in overdue}
    defaults = {level.level for level in levels if level.causes_default}
    for item in DunningItem.objects.filter(invoice__in=ids).select_related("notice").order_by("level"):
        facts.last[item.invoice_id] = item
        if item.level in defaults:
            facts.default_since[item.invoice_id] = item.notice.pay_until + dt.timedelta(days=1)
        if item.interest_until:
            facts.charged_until[item.invoice_id] = item.interest_until
    asked = DunningClaim.objects.filter(invoice__in=ids, kind=DunningClaim.LUMP_SUM)
    facts.lump_asked = set(asked.values_list("invoice_id", flat=True))
    money = Allocation.objects.filter(invoice__in=ids, reversed_at=None).select_related("money")
    for allocation in money:
        facts.paid.setdefault(allocation.invoice_id, []).append(
            (allocation.money.booked_on, allocation.amount_minor)
        )
    for order_id, state in Payment.objects.filter(
        order__in=orders, state__in=("disputed", "action_required")
    ).values_list("order_id", "state"):
        (facts.disputed if state == "disputed" else facts.in_transit).add(order_id)
    for hold in DunningHold.active(day):
        if hold.invoice_id:
            facts.holds_invoice[hold.invoice_id] = hold
        elif hold.user_id:
            facts.holds_user[hold.user_id] = hold
    return facts


def _next_level(invoice: Invoice, facts: _Facts) -> DunningLevel | None:
    """The level whose day has come, or None."""
    last = facts.last.get(invoice.pk)
    after = last.level if last else -1
    level = next((level for level in facts.levels if level.level > after), None)
    if level is None:
        return None
    start = last.notice.pay_until if last else invoice.due_on
    return level if facts.day >= start + dt.timedelta(days=level.days_after) else None


def _hard_stop(invoice: Invoice, level: DunningLevel, facts: _Facts) -> str:
    """Why this invoice gets no letter now; empty when nothing speaks against it."""
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
    if invoice.open_minor < level.minimum_minor:
        return _("the open amount is below the smallest this level asks for")
    if not invoice.buyer.get("email"):
        return _("there is no e-mail address; please write by post")
    return ""


def _stopped(facts: _Facts) -> str:
    limit = facts.policy.receipts_checked_within_days
    if limit is not None:
        newest = OrderMoney.objects.filter(kind=OrderMoney.TRANSFER).aggregate(day=Max("booked_on"))["day"]
        if newest is None or (facts.day - newest).days > limit:
            return _(
                "No bank receipts were recorded for %(days)d days; nobody is reminded until they are."
            ) % {"days": limit}
    if not is_business_day(facts.day, facts.policy.holidays_state):
        return _("Not a business day; letters go out on the next one.")
    return ""


def _item(invoice: Invoice, level: DunningLevel, facts: _Facts) -> ItemProposal:
    parts: list[Segment] = []
    is_business = bool(invoice.buyer.get("vat_id"))
    default = facts.default_since.get(invoice.pk)
    if default and default > facts.day:
        default = None  # the term that ends in default still runs
    if level.charges_interest and default and facts.rates:
        first = max(
            default,
            facts.charged_until.get(invoice.pk, default - dt.timedelta(days=1)) + dt.timedelta(days=1),
        )
        policy = facts.policy
        parts = segments(
            principal=_principal(invoice, facts),
            first=first,
            last=facts.day,
            base_rates=facts.rates,
            points_bp=policy.business_points_bp if is_business else policy.consumer_points_bp,
        )
    lump = default and level.charges_interest and is_business and invoice.pk not in facts.lump_asked
    days = invoice.days_overdue(facts.day)
    return ItemProposal(
        invoice=invoice,
        level=level,
        days_overdue=days,
        interest=tuple(parts),
        interest_minor=interest_minor(parts),
        interest_until=facts.day if parts else None,
        # Costs are damage of default (§§ 280, 286 BGB): the letter that comes before it is free, whatever its level.
        fee_minor=level.fee_minor if default else 0,
        lump_sum_minor=facts.policy.lump_sum_minor if lump else 0,
        why=_("%(days)d days overdue, %(level)s is due") % {"days": days, "level": level.name},
    )


def _principal(invoice: Invoice, facts: _Facts) -> list[tuple[dt.date, int]]:
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
    return sorted(items, key=lambda item: (-item.level.level, item.invoice.due_on, item.invoice.pk))


def _with_fee(item: ItemProposal, fee_minor: int) -> ItemProposal:
    return replace(item, fee_minor=fee_minor)
