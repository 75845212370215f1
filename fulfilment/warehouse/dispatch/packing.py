"""Packing by scan: find the order, scan each piece into the open carton, close it. Typing the codes does the same.

What was scanned is kept in ``PackScan`` until the carton is closed, so two people at one table see the same carton, a
page that is sent twice counts once, and nothing is lost when a browser closes.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfilment.warehouse.picking.actions import same_code
from fulfilment.warehouse.picking.models import BatchBox, PickList
from fulfilment.warehouse.stock.actions import check_quantity
from fulfilment.warehouse.stock.codes import find_article
from fulfilment.warehouse.stock.models import BY_SERIAL, Handling, Lot
from shop.kernel.transactions import retrying

from . import cartons, lots
from .actions import check_list, check_order, pack
from .errors import DispatchError
from .models import Carton, PackScan, Parcel
from .queries import ToPack, to_pack

CODE_SHOWN_CHARS = 60
CODE_MAX_CHARS = 200
BOX = re.compile(r"(.+)[-/ ](\d{1,3})")  #: batch number and box, as on the box's label
LIST = re.compile(r"list:(\d{1,18})", re.I)


@dataclass(frozen=True, slots=True)
class Row:
    """An order line at the packing table: what waits, and how many of it lie in the open carton."""

    line: ToPack
    inside: int

    @property
    def open(self) -> int:
        """Pieces that wait and are not in the carton."""
        return self.line.quantity - self.inside


@dataclass(frozen=True, slots=True)
class OpenCarton:
    """Everything the packing screen shows of one list."""

    rows: list[Row]
    scans: list[PackScan]

    @property
    def inside(self) -> int:
        """Pieces in the carton."""
        return sum(row.inside for row in self.rows)

    @property
    def total(self) -> int:
        """Pieces that wait here, in the carton or not."""
        return sum(row.line.quantity for row in self.rows)

    @property
    def waiting(self) -> int:
        """Pieces that are still to be scanned."""
        return sum(max(0, row.open) for row in self.rows)

    def quantities(self) -> dict[int, int]:
        """Order line id -> pieces in the carton."""
        return {row.line.order_line.pk: row.inside for row in self.rows if row.inside}


def find(code: str) -> PickList:
    """The list a scan at the packing table means: order number, ``list:12``, a box of a cart, or a parcel's slip.

    DispatchError in words when nothing of that kind is known.
    """
    code = code.strip()[:CODE_MAX_CHARS]
    if not code:
        raise DispatchError(_("Please scan an order, a pick list or a box."))
    known = None if "\x00" in code else _list_of(code)  # PostgreSQL keeps no such character
    if known is None:
        raise DispatchError(
            _("Unknown: %(code)s is no order, pick list or box.") % {"code": code[:CODE_SHOWN_CHARS]}
        )
    return known


def _list_of(code: str) -> PickList | None:
    lists = PickList.objects.select_related("order")
    if found := LIST.fullmatch(code):
        return lists.filter(pk=int(found[1])).first()
    return (
        _of_order(lists.filter(order__number__iexact=code))
        or _of_box(code)
        or lists.filter(parcels__number__iexact=code).first()
    )


def _of_order(lists: Any) -> PickList | None:
    """Of an order that several sites send: the list that can be packed, else the first."""
    rows: list[PickList] = list(lists.order_by("pk"))
    return next((row for row in rows if row.state == "picked"), rows[0] if rows else None)


def _of_box(code: str) -> PickList | None:
    found = BOX.fullmatch(code)
    if found is None:
        return None
    boxes = BatchBox.objects.filter(batch__number__iexact=found[1], box=int(found[2]))
    box = boxes.select_related("pick_list__order").first()
    return box.pick_list if box else None


def look(pick_list: PickList) -> OpenCarton:
    """The open carton of a list. Four queries."""
    scans = list(_open_scans(pick_list).select_related("order_line", "by").order_by("-pk"))
    inside: dict[int, int] = defaultdict(int)
    for scan_row in scans:
        inside[scan_row.order_line_id] += scan_row.quantity
    rows = [Row(row, inside[row.order_line.pk]) for row in to_pack(pick_list)]
    return OpenCarton([row for row in rows if row.line.quantity or row.inside], scans)


def _open_scans(pick_list: PickList) -> Any:
    return PackScan.objects.filter(pick_list=pick_list, parcel=None, taken_back=False)


def scan(*, pick_list: PickList, code: str, quantity: int, scan_id: uuid.UUID, by: Any) -> str:
    """Put pieces into the open carton. ``quantity``: how often the code was scanned; a pack counts its pieces.

    Returns what to tell the person. DispatchError in words: unknown code, article of another order, too many. The same
    ``scan_id`` again changes nothing and says so.
    """
    code = code.strip()
    if not code:
        raise DispatchError(_("Please scan the product."))
    if len(code) > CODE_MAX_CHARS or "\x00" in code:
        raise DispatchError(_("Unknown: %(code)s.") % {"code": code[:CODE_SHOWN_CHARS]})
    times = check_quantity(quantity)
    return retrying(lambda: _scan(pick_list.pk, code, times, scan_id, by))


def _scan(pick_list_id: int, code: str, times: int, scan_id: uuid.UUID, by: Any) -> str:
    # The row is taken first: of two who scan at the same moment the second sees what the first put in, and a
    # colleague who packs by numbers is asked to look again.
    PickList.objects.filter(pk=pick_list_id).update(revision=F("revision") + 1)
    pick_list = PickList.objects.select_related("order").get(pk=pick_list_id)
    if PackScan.objects.filter(scan_id=scan_id).exists():
        return _("This scan was counted before; nothing was changed.")
    check_order(pick_list.order)
    check_list(pick_list)
    carton = look(pick_list)
    rows, lot, pieces = _meaning(code, carton.rows)
    row = next((one for one in rows if one.open > 0), rows[0])
    quantity = times * pieces
    _check_room(row, quantity, code)
    if lot is not None:
        _check_lot(pick_list, row, lot, quantity)
    else:
        _check_serial(row)
    PackScan.objects.create(
        scan_id=scan_id,
        pick_list=pick_list,
        order_line=row.line.order_line,
        code=code,
        lot=lot,
        quantity=quantity,
        by=by,
    )
    return _right(row, quantity, carton.waiting - quantity)


def _right(row: Row, quantity: int, waiting: int) -> str:
    text = _("Right: %(n)s × %(sku)s.") % {"n": quantity, "sku": row.line.order_line.partner_sku}
    if not waiting:
        return text + " " + _("Everything is in the carton.")
    more = ngettext("%(n)s piece still waits.", "%(n)s pieces still wait.", waiting)
    return text + " " + more % {"n": waiting}


def _meaning(code: str, rows: Sequence[Row]) -> tuple[list[Row], Lot | None, int]:
    """Rows that the code means, the lot it names, and how many pieces one scan is. DispatchError when none."""
    found = [row for row in rows if _is_named(row, code)]
    if found:
        return found, None, 1
    article = find_article(code)
    here = _rows_of(rows, article.stockrecord.pk) if article else []
    if article is not None and here:
        return here, None, article.pieces
    lot = lots.lot_of(code, [row.line.order_line.stockrecord_id for row in rows])
    if lot is not None:
        return _rows_of(rows, lot.stockrecord_id), lot, 1
    if article is not None:
        raise DispatchError(
            _("Wrong article: %(sku)s does not wait here for this order.")
            % {"sku": article.stockrecord.partner_sku}
        )
    raise DispatchError(_("Unknown code: %(code)s.") % {"code": code[:CODE_SHOWN_CHARS]})


def _is_named(row: Row, code: str) -> bool:
    line = row.line.order_line
    return same_code(code, line.partner_sku) or same_code(code, line.upc or "")


def _rows_of(rows: Sequence[Row], stockrecord_id: int) -> list[Row]:
    return [row for row in rows if row.line.order_line.stockrecord_id == stockrecord_id]


def _check_room(row: Row, quantity: int, code: str) -> None:
    if quantity <= row.open:
        return
    sku = row.line.order_line.partner_sku
    if row.open <= 0:
        raise DispatchError(
            _("Too many: all %(n)s pieces of %(sku)s are in the carton already.")
            % {"n": row.inside, "sku": sku}
        )
    raise DispatchError(
        _("Too many: %(quantity)s × %(sku)s, but only %(left)s still wait.")
        % {"quantity": quantity, "sku": sku, "left": row.open}
    )


def _check_lot(pick_list: PickList, row: Row, lot: Lot, quantity: int) -> None:
    left = lots.at_hand(pick_list).get(row.line.order_line.pk, {}).get(lot.pk, 0)
    scanned = _open_scans(pick_list).filter(lot=lot, order_line=row.line.order_line)
    inside = scanned.aggregate(n=Sum("quantity"))["n"] or 0
    if inside + quantity > left:
        if inside:
            raise DispatchError(_("%(code)s is in the carton already.") % {"code": lot.code})
        raise DispatchError(_("%(code)s was not picked for this order.") % {"code": lot.code})


def _check_serial(row: Row) -> None:
    record = row.line.order_line.stockrecord_id
    if Handling.objects.filter(stockrecord=record, tracking=BY_SERIAL).exists():
        raise DispatchError(
            _("%(sku)s has serial numbers: please scan the number on the piece.")
            % {"sku": row.line.order_line.partner_sku}
        )


def take_back(*, pick_list: PickList, by: Any) -> str:
    """Take the last scan out of the open carton again. DispatchError when the carton is empty."""

    def back() -> PackScan:
        PickList.objects.filter(pk=pick_list.pk).update(revision=F("revision") + 1)
        last = _open_scans(pick_list).select_related("order_line").order_by("-pk").first()
        if last is None:
            raise DispatchError(_("The carton is empty."))
        PackScan.objects.filter(pk=last.pk).update(taken_back=True)
        found: PackScan = last
        return found

    last = retrying(back)
    return _("Taken out again: %(n)s × %(sku)s.") % {"n": last.quantity, "sku": last.order_line.partner_sku}


def close(*, pick_list: PickList, by: Any, weight_g: int = 0, carton: Carton | None = None) -> Parcel:
    """Close the open carton: what was scanned becomes a parcel. Raises as ``actions.pack``."""
    fresh = PickList.objects.get(pk=pick_list.pk)
    quantities = look(fresh).quantities()
    if not quantities:
        raise DispatchError(_("The carton is empty. Please scan what goes in."))
    return pack(
        pick_list=fresh,
        quantities=quantities,
        by=by,
        weight_g=weight_g,
        carton=carton,
        revision=fresh.revision,
    )


def proposal(lines: Sequence[ToPack], quantities: dict[int, int]) -> cartons.Proposal:
    """The carton for these pieces, with the reason. Two queries."""
    chosen = [row for row in lines if quantities.get(row.order_line.pk)]
    records = [row.order_line.stockrecord_id for row in chosen]
    measures = {one.stockrecord_id: one for one in Handling.objects.filter(stockrecord__in=records)}
    pieces = []
    for row in chosen:
        known = measures.get(row.order_line.stockrecord_id)
        sides = (known.length_mm, known.width_mm, known.height_mm) if known else (0, 0, 0)
        pieces.append(
            cartons.Piece(
                sku=row.order_line.partner_sku or "",
                quantity=quantities[row.order_line.pk],
                sides=sides if all(sides) else None,
                weight_g=row.order_line.weight_g,
            )
        )
    return cartons.propose(pieces, Carton.objects.filter(is_active=True))
