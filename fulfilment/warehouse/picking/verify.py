"""Invariants of picking, for ``manage.py verify``."""

from __future__ import annotations

from checkout.order.models import Order


def each_confirmed_order_has_its_pick_list() -> list[str]:
    """Exactly one: the database refuses a second one, so only a missing one is looked for."""
    lost = Order.objects.filter(status__in=("confirmed", "in_fulfilment", "completed"), pick_list=None)
    return [
        f"order {number} is confirmed and has no pick list"
        for number in lost.values_list("number", flat=True)
    ]


CHECKS = [("each confirmed order has exactly one pick list", each_confirmed_order_has_its_pick_list)]
