"""Everything the decision needs, read at once for a number of invoices; a constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

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

#: What deciding, writing and showing a letter need of an invoice, in the order of Debt's fields.
COLUMNS = (
    "pk", "number", "user_id", "order_id", "order_number", "issued_on", "due_on", "open_minor", "gross_minor", "held",
    "held_reason", "buyer", "language", "currency", "asked", "stuck", "waits",
)  # fmt: skip
#: A customer whose bank still asks them is on the way to paying; one who gave up there is not, and nobody tells us.
ASKED_BY_BANK = dt.timedelta(days=3)


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
    asked: int | None  #: a letter has asked for it before
    stuck: int | None  #: a payment of its order is disputed, or on its way
    waits: int | None  #: held, or handed over

    def days_overdue(self, on: dt.date) -> int:
        """Days since the due date."""
        return max(0, (on - self.due_on).days)


def debts(found: InvoiceQuerySet, day: dt.date) -> list[Debt]:
    """The invoices of a query, by customer and then as they became due; each with where more is known. One query."""
    mine = OuterRef("pk")
    holds = DunningHold.active(day)
    marked = found.annotate(
        asked=_one(DunningItem.objects.filter(invoice=mine)),
        stuck=_one(stuck_payments(day).filter(order=OuterRef("order"))),
        waits=Coalesce(
            _one(holds.filter(invoice=mine)),
            _one(holds.filter(user=OuterRef("user"))),
            _one(Handover.objects.filter(invoice=mine, back_on=None)),
        ),
    )
    return [Debt(*row) for row in marked.order_by("user_id", "due_on", "pk").values_list(*COLUMNS)]


def stuck_payments(day: dt.date) -> QuerySet[Payment]:
    """Payments that are disputed, or on their way on ``day``."""
    since = timezone.make_aware(dt.datetime.combine(day - ASKED_BY_BANK, dt.time.min))
    return Payment.objects.filter(Q(state="disputed") | Q(state="action_required", created_at__gte=since))


def _one(found: QuerySet[Any]) -> Subquery:
    """The key of any row. Not EXISTS, which PostgreSQL may answer by reading the whole table once: for a few thousand
    invoices among millions it is to look into an index for each."""
    return Subquery(found.order_by().values("pk")[:1])


def may_be_due(found: InvoiceQuerySet, day: dt.date) -> InvoiceQuerySet:
    """Without the invoices whose newest letter still gives time, or is of this day: nothing can be due for them. What
    a run that was killed has written is passed by, not read again."""
    young = Q(notice__pay_until__gt=day) | Q(notice__issued_on__gte=day)
    return found.exclude(Exists(DunningItem.objects.filter(young, invoice=OuterRef("pk"))))


@dataclass(frozen=True)
class Ground:
    """What is the same for every customer of a day: policy, levels in use, base rates; and which levels cause default,
    also of those that are not in use any more, because letters of them were sent."""

    day: dt.date
    policy: DunningPolicy
    levels: tuple[DunningLevel, ...]
    rates: tuple[tuple[dt.date, int], ...]
    defaults: frozenset[int]


@dataclass
class Facts:
    """What is known of some invoices, by their ids (or their orders', or their customers')."""

    ground: Ground
    last: dict[int, DunningItem] = field(default_factory=dict)
    default_since: dict[int, dt.date] = field(default_factory=dict)
    charged_until: dict[int, dt.date] = field(default_factory=dict)
    lump_asked: set[int] = field(default_factory=set)
    earlier: dict[int, int] = field(default_factory=dict)  #: open interest and costs of letters so far
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
    levels = list(DunningLevel.objects.order_by("level"))
    return Ground(
        day,
        DunningPolicy.objects.order_by("pk").first() or DunningPolicy(),
        tuple(level for level in levels if level.enabled),
        tuple(BaseRate.objects.values_list("valid_from", "rate_bp")),
        frozenset(level.level for level in levels if level.causes_default),
    )


def read(base: Ground, invoices: Sequence[Debt]) -> Facts:
    """Letters so far, claims, payments, disputes, holds, promises, hand-overs of ``invoices``: asked for only of those
    that have any, so that a first reminder costs no further query. At most seven queries."""
    facts = Facts(base)
    _letters_so_far(facts, [invoice.pk for invoice in invoices if invoice.asked])
    _payments(facts, {invoice.order_id for invoice in invoices if invoice.stuck})
    waiting = [invoice for invoice in invoices if invoice.waits]
    users = {invoice.user_id for invoice in waiting if invoice.user_id}
    _waiting(facts, [invoice.pk for invoice in waiting], users)
    return facts


def read_one(base: Ground, invoice: Invoice) -> Facts:
    """Letters so far and payments of one invoice: what its interest is reckoned from. Three queries."""
    facts = Facts(base)
    _letters_so_far(facts, [invoice.pk])
    return facts


def _letters_so_far(facts: Facts, ids: Sequence[int]) -> None:
    """Letters, their claims, what lowered the principal and when (payments, credit notes, what was given up),
    promises."""
    if not ids:
        return
    found = DunningItem.objects.filter(invoice__in=ids).select_related("notice").defer("notice__facts")
    for item in found.order_by("level"):
        facts.last[item.invoice_id] = item
        if item.level in facts.ground.defaults:
            facts.default_since[item.invoice_id] = item.notice.pay_until + dt.timedelta(days=1)
        if item.interest_until:
            facts.charged_until[item.invoice_id] = item.interest_until
    claims = DunningClaim.objects.filter(invoice__in=ids)
    for claim in claims.only("invoice_id", "kind", "amount_minor", "paid_minor", "waived_at"):
        if claim.kind == DunningClaim.LUMP_SUM:
            facts.lump_asked.add(claim.invoice_id)
        facts.earlier[claim.invoice_id] = facts.earlier.get(claim.invoice_id, 0) + claim.left_minor
    rows = Allocation.objects.filter(invoice__in=ids, reversed_at=None)
    for invoice_id, day, amount in rows.values_list("invoice_id", "money__booked_on", "amount_minor"):
        facts.paid.setdefault(invoice_id, []).append((day, amount))
    promised = PaymentPromise.objects.filter(
        state="open", pay_on__gte=facts.day, notice__items__invoice__in=ids
    )
    for promise in promised.distinct().prefetch_related("notice__items"):
        for item in promise.notice.items.all():
            facts.promises[item.invoice_id] = promise


def _payments(facts: Facts, orders: Collection[int]) -> None:
    if not orders:
        return
    rows = stuck_payments(facts.day).filter(order__in=orders)
    for order_id, state in rows.values_list("order_id", "state"):
        (facts.disputed if state == "disputed" else facts.in_transit).add(order_id)


def _waiting(facts: Facts, ids: Sequence[int], users: Collection[int]) -> None:
    if not ids:
        return
    for hold in DunningHold.active(facts.day).filter(Q(invoice__in=ids) | Q(user__in=users)):
        if hold.invoice_id:
            facts.holds_invoice[hold.invoice_id] = hold
        elif hold.user_id:
            facts.holds_user[hold.user_id] = hold
    for handover in Handover.objects.filter(invoice__in=ids, back_on=None):
        facts.handed_over[handover.invoice_id] = handover
