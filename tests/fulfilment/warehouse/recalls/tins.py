"""Tins of shoe cream by lots: how they are ordered, picked, packed and recalled."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

from django.urls import reverse
from django.utils.translation import override

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickedLot, PickLine, PickList
from fulfilment.warehouse.recalls import actions
from fulfilment.warehouse.recalls.models import Recall
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Lot, LotStock
from shop.customers.models import User
from shop.kernel.clock import today
from shop.kernel.states import move
from tests.factories.orders import make_order
from tests.support.helpers import Outbox

#: Best before: always to come, however old these tests get.
SOON, LATER = today() + dt.timedelta(days=100), today() + dt.timedelta(days=280)


TEXTS = {
    "reason_de": "Die Creme kann Metallspäne enthalten.",
    "reason_en": "The cream may contain metal splinters.",
    "advice_de": "Bitte werfen Sie die Dose weg.",
    "advice_en": "Please throw the tin away.",
}


def page(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def url(name: str, *args: object, space: str = "warehouse") -> str:
    with override("en"):
        return reverse(f"{space}:{name}", args=args)


def lot(code: str = "L-1") -> Lot:
    return Lot.objects.get(code=code)


def lot_in(line: PickLine) -> Lot:
    return LotStock.objects.get(bin=line.bin, quantity__gt=0).lot


def ordered(record: StockRecord, pieces: int, outbox: Outbox, **more: Any) -> PickList:
    order = make_order((record, pieces), **more)
    outbox.drain()
    return plan_lots(PickList.objects.get(order=order))


def pick(pick_list: PickList, by: User) -> None:
    """Every line from its bin, each of which holds one lot in these stories."""
    picking.start(pick_list=pick_list, by=by)
    for line in pick_list.lines.filter(state="open").select_related("pick_list__order", "order_line", "bin"):
        take(line, by)
    picking.finish(pick_list=pick_list, by=by)


def plan_lots(pick_list: PickList) -> PickList:
    """A single stop is planned from the lot that expires first, several from what lies in their bins."""
    lines = list(pick_list.lines.filter(state="open"))
    for line in lines:
        lying = LotStock.objects.filter(bin__kind="pick", quantity__gte=line.quantity).order_by("lot")
        place = lying[0].bin if len(lines) == 1 else line.bin
        taken = LotStock.objects.get(bin=place, quantity__gt=0).lot
        PickLine.objects.filter(pk=line.pk).update(bin=place, lot=taken)
    return pick_list


def take(line: PickLine, by: User) -> None:
    """One scan of all pieces of a line."""
    taken = lot_in(line)
    stock.shift(
        stockrecord_id=line.stockrecord_id or 0,
        source_id=line.bin_id or 0,
        target_id=line.pick_list.packing_place_id,
        quantity=line.quantity_open,
        cause=f"order:{line.pick_list.order.number}",
        by=by,
        lot=taken,
    )
    PickedLot.objects.create(pick_line=line, lot=taken, quantity=line.quantity)
    move(line, to="picked", by=by, quantity_picked=line.quantity)


def pack(pick_list: PickList, by: User) -> Parcel:
    waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list)}
    return dispatch.pack(pick_list=pick_list, quantities=waiting, by=by)


def prepared(boss: User, *codes: str) -> Recall:
    lots = [lot(code).pk for code in codes or ("L-1",)]
    return actions.prepare(lots=lots, texts=TEXTS, by=boss)


def lies(code: str = "L-1") -> dict[str, int]:
    rows = LotStock.objects.filter(lot__code=code, quantity__gt=0)
    return {f"{kind}": n for kind, n in rows.values_list("bin__kind", "quantity")}
