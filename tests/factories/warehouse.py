"""Walks through the warehouse for tests that begin after them."""

from __future__ import annotations

from typing import Any

from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList


def pick_everything(pick_list: PickList, *, by: Any) -> PickList:
    """Start, scan every line, finish."""
    picking.start(pick_list=pick_list, by=by)
    lines = pick_list.lines.filter(state="open").select_related("pick_list__order", "order_line", "bin")
    for line in lines:
        picking.scan(line=line, code=line.order_line.partner_sku, quantity=line.quantity_open, by=by)
    picking.finish(pick_list=pick_list, by=by)
    return pick_list


def send_everything(pick_list: PickList, *, by: Any) -> Parcel:
    """Pick, pack into one parcel, dispatch."""
    pick_everything(pick_list, by=by)
    waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list)}
    parcel = dispatch.pack(pick_list=pick_list, quantities=waiting, by=by)
    dispatch.dispatch(parcel=parcel, by=by)
    return parcel
