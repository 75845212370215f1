"""Pieces that stay in the house: carried from bin to bin."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.models import TRANSFER, TRANSIT, Bin, Lot
from shop.kernel.transactions import retrying

from .bins import form_cause, hold, refuse_closed, refuse_repeat, shift
from .errors import StockError, check_quantity


def transfer(
    *,
    stockrecord: StockRecord,
    source: Bin,
    target: Bin,
    quantity: int,
    by: Any = None,
    why: str = "",
    key: str = "",
    lot: Lot | None = None,
    cause: str = "",
) -> None:
    """Carry pieces from one bin to another. Into a bin of a blocked kind they leave the sale, out of it they are back.

    ``key``: of the form that was sent; AlreadyBooked when it comes a second time. NotEnoughInBin; StockError in words
    when the target is closed, the lot is missing or wrong, or promised pieces would leave the sale, and for what is on
    its way between two sites: its transfer could never be received.
    """
    check_quantity(quantity)
    if source.pk == target.pk:
        raise StockError(_("Source and target are the same bin."))
    if TRANSIT in (source.kind, target.kind):
        raise StockError(_("What is on its way between two sites is received with its transfer."))
    cause = form_cause("transfer", key) if key else cause

    def carry() -> None:
        refuse_closed(target.pk)
        if key:
            hold(stockrecord_id=stockrecord.pk, bin_id=source.pk)
            refuse_repeat(stockrecord.pk, cause)
        shift(
            kind=TRANSFER,
            stockrecord_id=stockrecord.pk,
            source_id=source.pk,
            target_id=target.pk,
            quantity=quantity,
            cause=cause,
            why=why,
            by=by,
            lot=lot,
            fills=True,
        )

    retrying(carry)
