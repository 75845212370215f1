"""Invariants of picking, for ``manage.py verify``."""

from __future__ import annotations

from checkout.order.models import Order

from .models import PickList


def each_confirmed_order_has_its_pick_list() -> list[str]:
    """At least one that is not cancelled: one per site that sends of it."""
    wanted = Order.objects.filter(status__in=("confirmed", "in_fulfilment", "completed"))
    lost = wanted.filter(pick_lists=None).values_list("number", flat=True)
    alive = PickList.objects.exclude(state="cancelled").values("order")
    closed = wanted.exclude(pick_lists=None).exclude(pk__in=alive).values_list("number", flat=True)
    return [f"order {number} is confirmed and has no pick list" for number in lost] + [
        f"order {number} is confirmed and its pick list is cancelled" for number in closed
    ]


CHECKS = [("each confirmed order has its pick list", each_confirmed_order_has_its_pick_list)]
