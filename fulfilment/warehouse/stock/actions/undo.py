"""A receipt is taken back at once, by a counter movement, while nothing of it has moved on."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.models import InsufficientStock, StockRecord
from fulfilment.warehouse.stock.events import ReceiptUndone
from fulfilment.warehouse.stock.models import RECEIPT, UNDONE, Movement
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from .bins import change_house, hold, movement, take_out
from .errors import AlreadyBooked, StockError
from .goods_in import average_cost


def undo_receipt(*, received: Movement, by: Any = None) -> Movement:
    """Take back what receive() booked: bin, lot, stock, average cost and the ledger are as before. Returns the counter
    movement.

    AlreadyBooked when it was taken back before; StockError in words for another kind of movement or a receipt of many
    articles at once, and when pieces have left the bin since, or are promised to customers.
    """
    if received.kind != RECEIPT or received.quantity < 0:
        raise StockError(_("Only a receipt can be taken back."))
    if (
        received.unit_cost_minor is None
    ):  # the books got one sum for all of them: it could not be taken out again
        raise StockError(_("This came with many others at once. Please count the bin instead."))
    cause = f"{UNDONE}:{received.pk}"
    place = {"stockrecord_id": received.stockrecord_id, "bin_id": received.bin_id}

    def book() -> Movement:
        hold(**place)
        later = Movement.objects.filter(**place, pk__gt=received.pk)
        if later.filter(cause=cause).exists():
            raise AlreadyBooked(_("This receipt was taken back already; nothing was booked twice."))
        if later.filter(quantity__lt=0).exclude(cause__startswith=f"{UNDONE}:").exists():
            raise StockError(_("Pieces have left the bin since. Please count it instead."))
        take_out(**place, quantity=received.quantity, lot=received.lot)
        change_house(**place, change=-received.quantity)
        _take_back_cost(received)
        kind = (RECEIPT, received.stockrecord_id, received.bin_id)
        written = movement(*kind, -received.quantity, cause, "", by, received.lot)
        written.unit_cost_minor = received.unit_cost_minor
        written.save(force_insert=True)
        _tell(received, written)
        return written

    try:
        return retrying(book)
    except InsufficientStock as error:
        raise StockError(
            _(
                "Only %(left)s of these pieces are not promised to customers; the receipt cannot be taken back."
            )
            % {"left": error.left}
        ) from None


def _take_back_cost(received: Movement) -> None:
    """The average without these pieces; it stays where none are left. The row is ours since change_house()."""
    sku = StockRecord.objects.get(pk=received.stockrecord_id)
    if received.unit_cost_minor is None or sku.on_hand <= 0:
        return
    cost = average_cost(
        pieces=sku.on_hand + received.quantity,
        cost_minor=sku.unit_cost_minor,
        quantity=-received.quantity,
        unit_cost_minor=received.unit_cost_minor,
    )
    StockRecord.objects.filter(pk=sku.pk).update(unit_cost_minor=max(0, cost))


def _tell(received: Movement, written: Movement) -> None:
    sku = StockRecord.objects.get(pk=received.stockrecord_id)
    record(
        ReceiptUndone(
            movement_id=written.pk,
            received_id=received.pk,
            sku=sku.partner_sku,
            quantity=received.quantity,
            total_cost_minor=(received.unit_cost_minor or 0) * received.quantity,
            currency=sku.price_currency,
            cause=received.cause,
        )
    )
