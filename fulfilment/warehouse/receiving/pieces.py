"""What a booking at the dock does to bins, movements and the stock record; always part of a caller's transaction."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.models import InsufficientStock
from fulfilment.warehouse.stock.actions import (
    StockError,
    change_house,
    discard,
    place_of_kind,
    take_back,
    take_out,
)
from fulfilment.warehouse.stock.models import RETURN, RETURNS, Bin, Lot, Movement

from .models import DISPOSAL, ReturnItem

#: Causes of movements: ``return:R10001`` pieces that came (and left again), ``disposal:R10001`` pieces thrown away.
RETURNED, DISPOSED = "return", "disposal"


def bring_in(*, item: ReturnItem, disposition: str, bin: Bin | None, lot: Lot | None, by: Any) -> Movement:
    """The pieces of an item come into ``bin``; those to be thrown away into the returns bin and out of the house at
    once, with a movement for each. Returns the last movement. StockError for a lot that is missing or foreign."""
    place = bin or place_of_kind(RETURNS)
    what = {"stockrecord": item.stockrecord, "bin": place, "quantity": item.quantity, "lot": lot, "by": by}
    came = take_back(**what, cause=f"{RETURNED}:{item.returning.number}")  # type: ignore[arg-type]
    if disposition != DISPOSAL:
        return came
    return discard(**what, cause=f"{DISPOSED}:{item.returning.number}", why="")  # type: ignore[arg-type]


def take_away(*, item: ReturnItem, by: Any, why: str) -> None:
    """The pieces of a booked item leave their bin again: a slip, or they go back to the customer.

    NotEnoughInBin when they do not lie there any more; StockError when they are promised to customers by now.
    """
    record = item.stockrecord
    place = item.movement.bin if item.disposition == DISPOSAL and item.movement else item.bin
    if place is None or record is None:
        raise StockError(_("These pieces have no bin."))
    facts = {"bin": place, "lot": item.lot, "by": by, "why": why[: Movement.WHY_MAX_CHARS]}
    if item.disposition == DISPOSAL:
        thrown = f"{DISPOSED}:{item.returning.number}"
        take_back(stockrecord=record, quantity=item.quantity, cause=thrown, **facts)  # type: ignore[arg-type]
    take_out(stockrecord_id=record.pk, bin_id=place.pk, quantity=item.quantity, lot=item.lot)
    try:
        change_house(stockrecord_id=record.pk, bin_id=place.pk, change=-item.quantity)
    except InsufficientStock as error:
        raise StockError(
            _("The pieces of %(sku)s are promised to customers by now; they cannot leave bin %(bin)s.")
            % {"sku": error.sku, "bin": place.code}
        ) from None
    cause = f"{RETURNED}:{item.returning.number}"
    facts["by"] = by if getattr(by, "pk", None) else None
    Movement.objects.create(kind=RETURN, stockrecord=record, quantity=-item.quantity, cause=cause, **facts)
