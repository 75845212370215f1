"""When an order is not wanted any more: its lists are closed, and what was picked goes back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from fulfilment.warehouse.picking.lots import portions
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import TRANSFER, Lot
from shop.kernel.clock import now
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .rules import WANTED, PickError, held
from .sites import hold_order


def cancel(*, order_id: int, by: Any = None, why: str) -> list[PickList]:
    """The order will not be fulfilled: its lists are closed. Picked pieces wait to be put back. Returns its lists.

    In a running batch its open stops disappear from the walk; its box stays and says that the goods go back. Nothing
    happens while the order is wanted: a cancellation may be heard after the order was confirmed anew.
    """

    def close() -> list[PickList]:
        hold_order(
            order_id
        )  # one that is confirmed anew in this moment waits for us, and then opens its lists again
        lists = [held(found) for found in PickList.objects.filter(order_id=order_id).order_by("pk")]
        for found in lists:
            if found.state == "cancelled" or found.order.status in WANTED:
                continue
            for line in found.lines.filter(state="open"):
                move(line, to="short", by=by, why="order cancelled")
            move(found, to="cancelled", by=by, why=why)
        return lists

    return retrying(close)


def put_back(*, pick_list: PickList, by: Any) -> int:
    """The goods of a cancelled list lie in their bins again (of a recalled lot: in quarantine). Returns the pieces;
    safe to repeat (then 0).

    PickError when the list is not cancelled, StockError when a bin was closed meanwhile.
    """
    if pick_list.state != "cancelled":
        raise PickError(_("Only the goods of a cancelled order are put back."))

    def carry() -> int:
        rows = PickList.objects.filter(pk=pick_list.pk, state="cancelled", put_back_at=None)
        if not rows.update(put_back_at=now()):
            return 0
        pieces = 0
        for line in pick_list.lines.filter(quantity_picked__gt=0, put_back=False):
            if line.stockrecord_id is None or line.bin_id is None:
                continue  # never: only a line with both can be picked from
            stock.refuse_closed(line.bin_id)
            for lot, quantity in portions(line):
                _carry_back(pick_list, line, lot, quantity, by)
            pieces += line.quantity_picked
        pick_list.lines.update(put_back=True)
        return pieces

    return retrying(carry)


def _carry_back(pick_list: PickList, line: PickLine, lot: Lot | None, quantity: int, by: Any) -> None:
    """From the packing place to the bin they came from; what was recalled meanwhile goes to quarantine instead."""
    told: dict[str, Any] = {"cause": f"order:{pick_list.order.number}", "why": "order cancelled", "by": by}
    if lot is not None and lot.is_recalled:
        stock.carry_off(lot=lot, source=pick_list.packing_place, quantity=quantity, **told)
        return
    stock.shift(
        kind=TRANSFER,
        stockrecord_id=line.stockrecord_id or 0,
        source_id=pick_list.packing_place_id,
        target_id=line.bin_id or 0,
        quantity=quantity,
        lot=lot,
        **told,
    )
