"""Invariants of returns, for ``manage.py verify``."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from checkout.order.models import Line
from fulfilment.warehouse.stock.models import Movement

from .models import DISPOSAL, ReturnItem
from .pieces import DISPOSED, RETURNED


def what_came_back_was_sent() -> list[str]:
    """Per order line: pieces returned are those of its received items, and never more than were dispatched."""
    items = ReturnItem.objects.filter(order_line=OuterRef("pk"), reception="received").exclude(
        acceptance="rejected"
    )
    pieces = items.order_by().values("order_line").annotate(n=Sum("quantity")).values("n")
    lines = Line.objects.annotate(came=Coalesce(Subquery(pieces), 0)).select_related("order")
    wrong = lines.filter(Q(quantity_returned__gt=F("quantity_dispatched")) | ~Q(quantity_returned=F("came")))
    return [
        f"order {line.order.number}, {line.partner_sku}: {line.quantity_returned} returned of "
        f"{line.quantity_dispatched} dispatched, the dock received {line.came}"
        for line in wrong.order_by("pk")
    ]


def received_pieces_have_their_movements() -> list[str]:
    """Per return and SKU: what came in by movements is what the items say, and what was thrown away went out."""
    wanted: dict[tuple[str, int], int] = defaultdict(int)
    items = ReturnItem.objects.filter(reception="received", stockrecord__isnull=False)
    rows = items.values_list("returning__number", "stockrecord", "quantity", "acceptance", "disposition")
    for number, record, quantity, acceptance, disposition in rows:
        if record is None:
            continue
        if acceptance != "rejected":
            wanted[f"{RETURNED}:{number}", record] += quantity
        if disposition == DISPOSAL:
            wanted[f"{DISPOSED}:{number}", record] -= quantity
    moved = {
        (row["cause"], row["stockrecord_id"]): row["n"]
        for row in Movement.objects.filter(
            Q(cause__startswith=f"{RETURNED}:") | Q(cause__startswith=f"{DISPOSED}:")
        )
        .order_by()
        .values("cause", "stockrecord_id")
        .annotate(n=Sum("quantity"))
    }
    return [
        f"{cause}, stock record {record}: {moved.get((cause, record), 0)} pieces moved, "
        f"{wanted.get((cause, record), 0)} by its items"
        for cause, record in sorted(wanted.keys() | moved.keys())
        if moved.get((cause, record), 0) != wanted.get((cause, record), 0)
    ]


CHECKS = [
    ("returned pieces were dispatched, and the dock received them", what_came_back_was_sent),
    ("received returns have their movements", received_pieces_have_their_movements),
]
