"""Invariants of picking, for ``manage.py verify``."""

from __future__ import annotations

from checkout.order.models import Order


def each_confirmed_order_has_its_pick_list() -> list[str]:
    """Exactly one: the database refuses a second one, so a missing or a cancelled one is looked for."""
    wanted = Order.objects.filter(status__in=("confirmed", "in_fulfilment", "completed"))
    lost = wanted.filter(pick_list=None).values_list("number", flat=True)
    closed = wanted.filter(pick_list__state="cancelled").values_list("number", flat=True)
    return [f"order {number} is confirmed and has no pick list" for number in lost] + [
        f"order {number} is confirmed and its pick list is cancelled" for number in closed
    ]


CHECKS = [("each confirmed order has exactly one pick list", each_confirmed_order_has_its_pick_list)]
