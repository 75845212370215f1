"""Invariants of picking, for ``manage.py verify``."""

from __future__ import annotations

from checkout.order.models import Order


def each_confirmed_order_has_its_pick_list() -> list[str]:
    """At least one (one per site that sends of it): a missing one is looked for, and one that was cancelled."""
    wanted = Order.objects.filter(status__in=("confirmed", "in_fulfilment", "completed"))
    lost = wanted.filter(pick_lists=None).values_list("number", flat=True)
    closed = wanted.filter(pick_lists__state="cancelled").values_list("number", flat=True).distinct()
    return [f"order {number} is confirmed and has no pick list" for number in lost] + [
        f"order {number} is confirmed and its pick list is cancelled" for number in closed
    ]


CHECKS = [("each confirmed order has its pick list", each_confirmed_order_has_its_pick_list)]
