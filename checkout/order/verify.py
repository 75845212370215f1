"""Invariants of orders: lines add up to the total, and every confirmation was told exactly once."""

from __future__ import annotations

from django.db.models import Count, Sum

from shop.kernel.models import Message, StateChange

from .models import Line, Order

TOLD_STATES = ("confirmed", "in_fulfilment", "completed")


def lines_and_delivery_add_up() -> list[str]:
    """Order total = sum of the lines' gross + delivery, to the cent."""
    sums = dict(Line.objects.values_list("order_id").annotate(total=Sum("gross_minor")))
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


CHECKS = [
    ("lines and delivery add up to the order", lines_and_delivery_add_up),
    ("each confirmed order was told exactly once", every_confirmation_was_told),
]
