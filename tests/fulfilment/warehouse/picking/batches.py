"""Small words for walks of several orders."""

from __future__ import annotations

from typing import Any

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.picking import actions, queries
from fulfilment.warehouse.picking.actions import Wave
from fulfilment.warehouse.picking.models import Batch, PickList
from fulfilment.warehouse.stock.actions import default_site
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.support.helpers import Outbox


def ordered(outbox: Outbox, *wanted: tuple[StockRecord, int]) -> PickList:
    order = make_order(*wanted)
    outbox.drain()
    return PickList.objects.get(order=order)


def planned(kind: str = "batch", **fields: Any) -> list[Batch]:
    return actions.plan_batches(wave=Wave(default_site(), kind, **fields))


def take(batch: Batch, by: User) -> None:
    """Scan every open stop."""
    for line in queries.lines_of_batch(batch.pk):
        if line.state == "open":
            actions.scan(line=line, code=line.order_line.partner_sku, quantity=line.quantity_open, by=by)


def state(pick_list: PickList) -> str:
    return PickList.objects.values_list("state", flat=True).get(pk=pick_list.pk)


def orders_of(batch: Batch) -> list[int]:
    return list(batch.boxes.values_list("pick_list", flat=True))
