"""What walks will take from a bin, told to the page of the bin."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.planned import PlannedTake

from .models import PickLine

ROWS_MAX = 200


def planned_takes(bin_id: int) -> list[PlannedTake]:
    """Open lines of this bin, in the order of their lists. One query."""
    rows = PickLine.objects.filter(bin_id=bin_id, state="open", pick_list__state__in=("open", "picking"))
    rows = rows.select_related("pick_list__order", "stockrecord").order_by("pick_list__created_at", "pk")
    return [
        PlannedTake(
            sku=line.stockrecord.partner_sku if line.stockrecord else "",
            stockrecord_id=line.stockrecord_id or 0,
            quantity=line.quantity_open,
            what_for=_("Order %(number)s") % {"number": line.pick_list.order.number},
            url=reverse("warehouse:pick-list", args=[line.pick_list_id]),
        )
        for line in rows[:ROWS_MAX]
    ]
