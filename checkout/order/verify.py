"""Invariants of orders: lines add up to the total, and every confirmation was told exactly once."""

from __future__ import annotations

from django.db.models import Count, F, Q, Sum

from shop.kernel.models import Message, StateChange

from .models import Amendment, Line, Order

TOLD_STATES = ("confirmed", "in_fulfilment", "completed")


def lines_and_delivery_add_up() -> list[str]:
    """Order total = what its lines still owe + delivery, to the cent."""
    owed = Sum(F("gross_minor") - F("cancelled_minor"))
    sums = dict(Line.objects.values_list("order_id").annotate(total=owed))
    found = []
    for order in Order.objects.only(
        "pk", "number", "currency", "total_incl_tax", "shipping_incl_tax"
    ).iterator(2000):
        expected = int(sums.get(order.pk, 0)) + order.shipping_minor
        if expected != order.total_minor:
            found.append(
                f"order {order.number}: lines and delivery make {expected}, total is {order.total_minor}"
            )
    return found


def every_confirmation_was_told() -> list[str]:
    """As many OrderConfirmed messages as moves to confirmed, per order; at least one for each confirmed order."""
    moves = dict(
        StateChange.objects.filter(machine="order", new="confirmed")
        .values_list("thing_id")
        .annotate(n=Count("pk"))
    )
    told: dict[int, int] = {}
    for order_id in Message.objects.filter(name="OrderConfirmed").values_list("payload__order_id", flat=True):
        told[int(order_id)] = told.get(int(order_id), 0) + 1
    found = [
        f"order id {pk}: confirmed {n} time(s), told {told.get(pk, 0)} time(s)"
        for pk, n in moves.items()
        if told.get(pk, 0) != n
    ]
    silent = Order.objects.filter(status__in=TOLD_STATES).exclude(pk__in=moves)
    return found + [f"order {order.number} is {order.status} but was never confirmed" for order in silent]


def amendments_explain_the_lines() -> list[str]:
    """Cancelled pieces and amounts of a line are those of its amendments, and one that was added is worth its own."""
    pieces: dict[tuple[int, str], tuple[int, int]] = {}
    rows = Amendment.objects.order_by().values_list("line_id", "kind")
    for line_id, kind, quantity, amount in rows.annotate(Sum("quantity"), Sum("amount_minor")):
        pieces[line_id, kind] = (quantity, amount)
    none, found = (0, 0), []
    touched = Q(quantity_cancelled__gt=0) | Q(cancelled_minor__gt=0) | Q(replaces__isnull=False)
    for line in Line.objects.filter(touched | Q(pk__in={pk for pk, _kind in pieces})).order_by("pk"):
        cancelled = pieces.get((line.pk, Amendment.CANCELLED), none)
        if cancelled != (line.quantity_cancelled, line.cancelled_minor):
            found.append(f"order line {line.pk}: amendments cancelled {cancelled}")
        left = line.quantity - line.quantity_cancelled
        if line.cancelled_minor != line.gross_minor - line.owed_for(left):
            found.append(f"order line {line.pk}: {line.cancelled_minor} is not the share of its pieces")
        added = pieces.get((line.pk, Amendment.ADDED), none)
        is_added = bool(line.replaces_id) or added != none
        if added != ((line.quantity, line.gross_minor) if is_added else none):
            found.append(f"order line {line.pk}: amendments added {added}")
    return found


CHECKS = [
    ("amendments explain cancelled pieces and substitutes", amendments_explain_the_lines),
    ("lines and delivery add up to the order", lines_and_delivery_add_up),
    ("each confirmed order was told exactly once", every_confirmation_was_told),
]
