"""Everything the decision needs, read at once for a number of invoices; a constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from checkout.payment.models import Payment
from fulfilment.finance.invoicing.models import Allocation, Invoice, InvoiceQuerySet

from .models import (
    BaseRate,
    DunningClaim,
    DunningHold,
    DunningItem,
    DunningLevel,
    DunningPolicy,
    Handover,
    PaymentPromise,
)

#: Ids of invoices, or the query that finds them.
Ids = Sequence[int] | Any

#: What deciding, writing and showing a letter need of an invoice, in the order of Debt's fields.
COLUMNS = (
    "pk", "number", "user_id", "order_id", "order_number", "issued_on", "due_on", "open_minor", "gross_minor", "held",
    "held_reason", "buyer", "language", "currency",
)  # fmt: skip


@dataclass(slots=True)
class Debt:
    """An open invoice as the run sees it: a million of them pass by, so it is no model. Amounts in minor units."""

    pk: int
    number: str
    user_id: int | None
    order_id: int
    order_number: str
    issued_on: dt.date
    due_on: dt.date
    open_minor: int
    gross_minor: int
    held: bool
    held_reason: str
    buyer: dict[str, Any]
    language: str
    currency: str

    def days_overdue(self, on: dt.date) -> int:
        """Days since the due date."""
        return max(0, (on - self.due_on).days)


def debts(found: InvoiceQuerySet) -> list[Debt]:
    """The invoices of a query, by customer and then as they became due. One query."""
    return [Debt(*row) for row in found.order_by("user_id", "due_on", "pk").values_list(*COLUMNS)]


@dataclass(frozen=True)
class Ground:
    """What is the same for every customer of a day: policy, levels in use, base rates."""

    day: dt.date
    policy: DunningPolicy
    levels: tuple[DunningLevel, ...]
    rates: tuple[tuple[dt.date, int], ...]


@dataclass
class Facts:
    """What is known of some invoices, by their ids (or their orders', or their customers')."""

    ground: Ground
    last: dict[int, DunningItem] = field(default_factory=dict)
    default_since: dict[int, dt.date] = field(default_factory=dict)
    charged_until: dict[int, dt.date] = field(default_factory=dict)
    lump_asked: set[int] = field(default_factory=set)
    paid: dict[int, list[tuple[dt.date, int]]] = field(default_factory=dict)
    disputed: set[int] = field(default_factory=set)
    in_transit: set[int] = field(default_factory=set)
    holds_invoice: dict[int, DunningHold] = field(default_factory=dict)
    holds_user: dict[int, DunningHold] = field(default_factory=dict)
    promises: dict[int, PaymentPromise] = field(default_factory=dict)
    handed_over: dict[int, Handover] = field(default_factory=dict)

    @property
    def day(self) -> dt.date:
        """The day the letters are written."""
        return self.ground.day

    @property
    def policy(self) -> DunningPolicy:
        """What applies to all levels."""
        return self.ground.policy


def ground(day: dt.date) -> Ground:
    """Policy, levels and base rates. Three queries."""
    return Ground(
        day,
        DunningPolicy.objects.order_by("pk").first() or DunningPolicy(),
        tuple(DunningLevel.objects.filter(enabled=True).order_by("level")),
        tuple(BaseRate.objects.values_list("valid_from", "rate_bp")),
    )


def read(base: Ground, invoices: Sequence[Debt | Invoice], chosen: InvoiceQuerySet | None = None) -> Facts:
    """Letters so far, claims, payments, disputes, holds, promises, hand-overs of ``invoices``.

    chosen: the query that found them; the database then joins with it instead of reading thousands of ids.
    """
    facts = Facts(base)
    if not invoices:
        return facts
    ids: Ids = [invoice.pk for invoice in invoices] if chosen is None else chosen.order_by().values("pk")
    _letters_so_far(facts, ids)
    _money(facts, ids)
    orders: Any = {invoice.order_id for invoice in invoices}
    users: Any = {invoice.user_id for invoice in invoices if invoice.user_id}
    if chosen is not None:
        orders, users = chosen.order_by().values("order"), chosen.order_by().values("user")
    for order_id, state in Payment.objects.filter(
        order__in=orders, state__in=("disputed", "action_required")
    ).values_list("order_id", "state"):
        (facts.disputed if state == "disputed" else facts.in_transit).add(order_id)
    _waiting(facts, ids, users)
    return facts


def _letters_so_far(facts: Facts, ids: Ids) -> None:
    defaults = {level.level for level in facts.ground.levels if level.causes_default}
    found = DunningItem.objects.filter(invoice__in=ids).select_related("notice").defer("notice__facts")
    for item in found.order_by("level"):
        facts.last[item.invoice_id] = item
        if item.level in defaults:
            facts.default_since[item.invoice_id] = item.notice.pay_until + dt.timedelta(days=1)
        if item.interest_until:
            facts.charged_until[item.invoice_id] = item.interest_until
    if facts.last:
        asked = DunningClaim.objects.filter(invoice__in=ids, kind=DunningClaim.LUMP_SUM)
        facts.lump_asked = set(asked.values_list("invoice_id", flat=True))


def _money(facts: Facts, ids: Ids) -> None:
    """What the principal was lowered by and when: payments, credit notes, what was given up."""
    rows = Allocation.objects.filter(invoice__in=ids, reversed_at=None)
    for invoice_id, day, amount in rows.values_list("invoice_id", "money__booked_on", "amount_minor"):
        facts.paid.setdefault(invoice_id, []).append((day, amount))


def _waiting(facts: Facts, ids: Ids, users: Any) -> None:
    for hold in DunningHold.active(facts.day).filter(Q(invoice__in=ids) | Q(user__in=users)):
        if hold.invoice_id:
            facts.holds_invoice[hold.invoice_id] = hold
        elif hold.user_id:
            facts.holds_user[hold.user_id] = hold
    promised = PaymentPromise.objects.filter(
        state="open", pay_on__gte=facts.day, notice__items__invoice__in=ids
    )
    for promise in promised.prefetch_related("notice__items"):
        for item in promise.notice.items.all():
            facts.promises[item.invoice_id] = promise
    for handover in Handover.objects.filter(invoice__in=ids, back_on=None):
        facts.handed_over[handover.invoice_id] = handover
