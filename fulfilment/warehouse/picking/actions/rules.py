"""What each verb of picking asks first: is it wanted, is it mine, is it the right thing? It refuses in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.warehouse.picking.models import Batch, PickLine, PickList
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.codes import find_article

CODE_SHOWN_CHARS = 60  #: of a scan, in messages
#: Orders in these states are worth a walk.
WANTED = ("confirmed", "in_fulfilment")
#: Batches in these states hold their lines: nobody plans or picks them elsewhere.
ACTIVE = ("open", "picking")


class PickError(StockError):
    """What the picker must be told; nothing was changed. The text is for them."""


class NotYourList(PickError):
    """Another person picks this list or batch."""


def fresh(pick_list: PickList) -> PickList:
    """The list as it is now: work that may be repeated never starts from what an earlier try left in memory."""
    return PickList.objects.select_related("order", "picker").get(pk=pick_list.pk)


def held(pick_list: PickList) -> PickList:
    """The same, held until the end of the transaction: no line is added to a list that is finished meanwhile."""
    PickList.objects.select_for_update(no_key=True).get(pk=pick_list.pk)
    return fresh(pick_list)


def fresh_batch(batch: Batch) -> Batch:
    """The batch as it is now."""
    return Batch.objects.select_related("picker", "site", "zone").get(pk=batch.pk)


def held_batch(batch_id: int) -> Batch:
    """The batch, held until the end of the transaction. Locks go order, batch, list, line, so that nobody waits in a
    ring."""
    Batch.objects.select_for_update(no_key=True).get(pk=batch_id)
    return Batch.objects.select_related("picker", "site", "zone").get(pk=batch_id)


def batch_of(pick_list: PickList) -> Batch | None:
    """The batch that is to pick this list or is at it; None when it is picked by itself. One query."""
    return Batch.objects.filter(boxes__pick_list=pick_list, state__in=ACTIVE).order_by("-state", "pk").first()


def may_scan(line: PickLine, by: Any) -> None:
    """PickError unless ``by`` picks the list or batch of this line, the order is wanted and the line is open."""
    if line.batch_id is None:
        mine(line.pick_list, by)
    else:
        refuse_unwanted(line.pick_list.order)
        batch_is_mine(line.batch, by)
    if line.state != "open":
        raise PickError(_("This line is already closed."))


def mine(pick_list: PickList, by: Any) -> None:
    """PickError unless ``by`` picks this list and its order is wanted."""
    if pick_list.state != "picking" or pick_list.picker_id != by.pk:
        raise why_not(pick_list, by)
    refuse_unwanted(pick_list.order)


def batch_is_mine(batch: Batch | None, by: Any) -> None:
    """PickError unless ``by`` picks this batch."""
    if batch is None or batch.state != "picking" or batch.picker_id != by.pk:
        raise why_not_batch(batch, by)


def refuse_unwanted(order: Order) -> None:
    """PickError for an order that was cancelled or is on hold."""
    if order.status == "cancelled":
        text = _("Order %(number)s was cancelled. Please put the goods back.")
        raise PickError(text % {"number": order.number})
    if order.on_hold:
        raise PickError(
            _("Order %(number)s is on hold: %(reason)s")
            % {"number": order.number, "reason": order.hold_reason}
        )


def refuse_batched(pick_list: PickList) -> None:
    """PickError for a list that is picked through a batch: its verbs are those of the batch. One query."""
    batch = batch_of(pick_list)
    if batch is not None:
        raise PickError(
            _("Order %(number)s is picked in batch %(batch)s.")
            % {"number": pick_list.order.number, "batch": batch.number}
        )


def why_not(pick_list: PickList, by: Any) -> PickError:
    """Read the list anew and say who or what was in the way."""
    now = fresh(pick_list)
    if now.state == "cancelled" or now.order.status == "cancelled":
        text = _("Order %(number)s was cancelled. Please put the goods back.")
        return PickError(text % {"number": now.order.number})
    if now.state == "picking" and now.picker_id is not None and now.picker_id != getattr(by, "pk", None):
        name = now.picker.name if now.picker else "?"
        return NotYourList(_("%(name)s is picking this order. You can take it over.") % {"name": name})
    if now.state == "open":
        return PickError(_("Please start this pick list first."))
    if now.state == "picking":
        return PickError(_("This order is picked through a batch. Please open the batch."))
    return PickError(_("This pick list is already finished."))


def why_not_batch(batch: Batch | None, by: Any) -> PickError:
    """Read the batch anew and say who or what was in the way."""
    now = fresh_batch(batch) if batch is not None else None
    if now is None or now.state == "cancelled":
        return PickError(_("This batch was cancelled; its open lines are planned anew."))
    if now.state == "picking" and now.picker_id != getattr(by, "pk", None):
        name = now.picker.name if now.picker else "?"
        text = _("%(name)s is picking batch %(batch)s. You can take it over.")
        return NotYourList(text % {"name": name, "batch": now.number})
    if now.state == "open":
        return PickError(_("Please start this batch first."))
    return PickError(_("This batch is already finished."))


def same_code(scanned: str, code: str) -> bool:
    """Whether a scan means this code: case and surrounding blanks do not matter."""
    return bool(code) and scanned.strip().casefold() == code.strip().casefold()


def check_code(line: PickLine, code: str) -> int:
    """How many pieces one scan of ``code`` means: 1 for SKU and GTIN, more for the code of a pack.

    PickError in words when the code is not the line's article. Two queries, none for SKU and GTIN as ordered.
    """
    wanted = line.order_line
    if not code.strip():
        raise PickError(_("Please scan the product."))
    if same_code(code, wanted.partner_sku) or same_code(code, wanted.upc or ""):
        return 1
    if line.bin is not None and same_code(code, line.bin.code):
        raise PickError(_("That is the bin. Please scan the product."))
    found = find_article(code)
    if found is None or found.stockrecord.pk != line.stockrecord_id:
        raise PickError(
            _("Wrong product: you scanned %(scanned)s, wanted is %(sku)s (%(title)s).")
            % {"scanned": code.strip()[:CODE_SHOWN_CHARS], "sku": wanted.partner_sku, "title": wanted.title}
        )
    return found.pieces


def check_bin(line: PickLine, bin_code: str) -> None:
    """PickError in words when a bin was scanned and is not the line's."""
    if not bin_code.strip() or same_code(bin_code, line.bin.code if line.bin else ""):
        return
    wanted = line.order_line
    if same_code(bin_code, wanted.partner_sku) or same_code(bin_code, wanted.upc or ""):
        raise PickError(_("That is the product. Please scan bin %(bin)s first.") % {"bin": line.bin})
    raise PickError(
        _("This is bin %(scanned)s. Please go to %(wanted)s.")
        % {"scanned": bin_code.strip()[:CODE_SHOWN_CHARS], "wanted": line.bin}
    )
