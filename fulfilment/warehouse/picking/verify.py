"""Invariants of picking, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from checkout.order.models import Order

from .models import BatchBox, PickLine, PickList


def each_confirmed_order_has_its_pick_list() -> list[str]:
    """At least one that is not cancelled: one per site that sends of it."""
    wanted = Order.objects.filter(status__in=("confirmed", "in_fulfilment", "completed"))
    lost = wanted.filter(pick_lists=None).values_list("number", flat=True)
    alive = PickList.objects.exclude(state="cancelled").values("order")
    closed = wanted.exclude(pick_lists=None).exclude(pk__in=alive).values_list("number", flat=True)
    return [f"order {number} is confirmed and has no pick list" for number in lost] + [
        f"order {number} is confirmed and its pick list is cancelled" for number in closed
    ]


def no_open_line_waits_in_a_closed_batch() -> list[str]:
    """Nobody walks a batch that is picked or cancelled: its open lines must be free to be planned."""
    lost = PickLine.objects.filter(state="open", batch__state__in=("picked", "cancelled"))
    rows = lost.values_list("batch__number", "pick_list__order__number").order_by("pk")
    return [f"batch {batch} is closed and holds an open line of order {number}" for batch, number in rows]


def every_open_line_of_a_batch_has_its_box() -> list[str]:
    """The picker must know into which box the pieces go."""
    box = BatchBox.objects.filter(batch=OuterRef("batch"), pick_list=OuterRef("pick_list"))
    lost = PickLine.objects.filter(~Exists(box), state="open", batch__state__in=("open", "picking"))
    rows = lost.values_list("batch__number", "pick_list__order__number").order_by("pk")
    return [f"batch {batch} has no box for order {number}" for batch, number in rows]


def nothing_is_open_on_a_picked_list() -> list[str]:
    """What is to be packed has been fetched or is known to be missing."""
    lost = PickLine.objects.filter(state="open", pick_list__state__in=("picked", "packed"))
    numbers = lost.order_by("pick_list__order__number").values_list("pick_list__order__number", flat=True)
    return [f"the pick list of order {number} is closed and has open lines" for number in numbers.distinct()]


CHECKS = [
    ("each confirmed order has its pick list", each_confirmed_order_has_its_pick_list),
    ("no open line waits in a closed batch", no_open_line_waits_in_a_closed_batch),
    ("every open line of a batch has its box", every_open_line_of_a_batch_has_its_box),
    ("nothing is open on a picked list", nothing_is_open_on_a_picked_list),
]
