"""Reads of invoices, each with a constant number of SQL queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from . import files
from .einvoice import EInvoice
from .facts import einvoice_for as _einvoice_for
from .models import INVOICE_KIND, Allocation, Invoice, OrderAccount, OrderMoney

#: Age of open items: (first day overdue, last day overdue); None is open-ended.
BUCKETS: tuple[tuple[str, int | None, int | None], ...] = (
    ("not_due", None, 0),
    ("d1_30", 1, 30),
    ("d31_60", 31, 60),
    ("d61_90", 61, 90),
    ("d91", 91, None),
)


@dataclass(frozen=True)
class Bucket:
    """Open items of one age: how many, and how much in minor units."""

    code: str
    count: int
    open_minor: int


def invoice_pdf_bytes(invoice_id: int) -> bytes:
    """The PDF/A-3 of an invoice with its XML inside; made now when it is missing. Call it outside a transaction."""
    return files.pdf_bytes(invoice_id)


def invoice_xml_bytes(invoice_id: int) -> bytes:
    """The archived EN 16931 XML of an invoice; made now when it is missing. Call it outside a transaction."""
    return files.xml_bytes(invoice_id)


def xrechnung_bytes(invoice_id: int) -> bytes:
    """An invoice as plain XRechnung for public buyers, always the same bytes. Raises XRechnungIncomplete."""
    return files.xrechnung_bytes(invoice_id)


def einvoice_for(invoice: Invoice) -> EInvoice:
    """The document behind an invoice as plain values."""
    return _einvoice_for(invoice)


def invoice_with_parts(number: str) -> Invoice:
    """One invoice with lines, allocations, corrections. Invoice.DoesNotExist if none."""
    allocations = Allocation.objects.select_related("money").order_by("pk")
    return (
        Invoice.objects.select_related(
            "corrects", "replaces", "replaced_by", "order", "user", "account", "vat_check"
        )
        .prefetch_related("lines", Prefetch("allocations", queryset=allocations), "corrections")
        .get(number=number)
    )


def invoices(
    *,
    search: str = "",
    kind: str = "",
    state: str = "",
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    today: dt.date | None = None,
) -> QuerySet[Invoice]:
    """Documents, newest first. search: number, order number, buyer's name or e-mail. state: a state or ``overdue``.

    kind: a kind, ``part`` (one of several standing invoices of an order), ``replacement`` (stands for a cancelled one).
    """
    found: QuerySet[Invoice] = Invoice.objects.all()
    if search:
        found = found.filter(
            Q(number__icontains=search)
            | Q(order_number__icontains=search)
            | Q(buyer__name__icontains=search)
            | Q(buyer__email__icontains=search)
        )
    if kind == "part":
        found = found.filter(Exists(_others_of_the_order()), kind=INVOICE_KIND).exclude(state="cancelled")
    elif kind == "replacement":
        found = found.filter(replaces__isnull=False)
    elif kind:
        found = found.filter(kind=kind)
    if state == "overdue" and today:
        found = found.filter(pk__in=Invoice.objects.overdue(today).values("pk"))
    elif state:
        found = found.filter(state=state, kind="invoice")
    if first_day:
        found = found.filter(issued_on__gte=first_day)
    if last_day:
        found = found.filter(issued_on__lte=last_day)
    return found.order_by("-issued_on", "-pk")


def _others_of_the_order() -> QuerySet[Invoice]:
    """Standing invoices of the same order as the outer one, without itself."""
    standing = Invoice.objects.claims().exclude(state="cancelled")
    return standing.filter(order_id=OuterRef("order_id")).exclude(pk=OuterRef("pk"))


def is_part(invoice: Invoice) -> bool:
    """Whether an order has several standing invoices, this one among them. One query."""
    if not invoice.is_claim or invoice.state == "cancelled":
        return False
    return Invoice.objects.claims().exclude(state="cancelled").filter(order_id=invoice.order_id).count() > 1


def ageing(today: dt.date, currency: str = "EUR") -> list[Bucket]:
    """Open items by age, oldest last. One query."""
    sums: dict[str, Any] = {}
    for code, low, high in BUCKETS:
        within = Q()
        if high is not None:
            within &= Q(due_on__gte=today - dt.timedelta(days=high))
        if low is not None:
            within &= Q(due_on__lte=today - dt.timedelta(days=low))
        sums[f"{code}_sum"] = Sum("open_minor", filter=within)
        sums[f"{code}_count"] = Count("pk", filter=within)
    row = Invoice.objects.open().filter(currency=currency).aggregate(**sums)
    return [Bucket(code, row[f"{code}_count"], int(row[f"{code}_sum"] or 0)) for code, _, _ in BUCKETS]


def open_items(
    today: dt.date, *, bucket: str = "", search: str = "", currency: str = "EUR"
) -> QuerySet[Invoice]:
    """Open invoices, longest overdue first; ``bucket`` is a code of BUCKETS."""
    found: QuerySet[Invoice] = Invoice.objects.open().filter(currency=currency).select_related("user")
    for code, low, high in BUCKETS:
        if code == bucket:
            if high is not None:
                found = found.filter(due_on__gte=today - dt.timedelta(days=high))
            if low is not None:
                found = found.filter(due_on__lte=today - dt.timedelta(days=low))
    if search:
        found = found.filter(
            Q(number__icontains=search) | Q(order_number__icontains=search) | Q(buyer__name__icontains=search)
        )
    return found.order_by("due_on", "pk")


def unapplied_minor(currency: str = "EUR") -> int:
    """Money of orders that lies on no invoice (advance payments, customers' credit), in minor units. One query."""
    uneven = OrderAccount.objects.filter(currency=currency).exclude(received_minor=F("allocated_minor"))
    sums = uneven.aggregate(received=Sum("received_minor"), allocated=Sum("allocated_minor"))
    return int(sums["received"] or 0) - int(sums["allocated"] or 0)


def received_minor(order_id: int) -> int:
    """What came in for an order so far, less what went back, in minor units; without what store credit paid. Two
    queries."""
    account = OrderAccount.objects.filter(order_id=order_id).first()
    return account.in_money_minor if account else 0


def by_credit_minor(order: str) -> Any:
    """An expression: what store credit paid for the order that ``order`` (a field with its id) names; minor units."""
    rows = OrderMoney.objects.filter(
        account__order_id=OuterRef(order), kind=OrderMoney.BALANCE, undone_at__isnull=True
    )
    total = rows.order_by().values("account_id").annotate(total=Sum("amount_minor")).values("total")
    return Coalesce(Subquery(total[:1]), 0, output_field=BigIntegerField())
