"""What the room hears."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.picking.events import PickedShort
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin
from shop.kernel.outbox import subscribe

from . import actions
from .judging import ASIDE
from .models import SHORT


@subscribe(PickedShort, "warehouse.count_empty_bin")
def count_empty_bin(event: PickedShort) -> None:
    """A picker found fewer than the books say: nobody is sent there any more, what is not promised is not sold any
    more, and somebody counts the bin at once."""
    bin = Bin.objects.get(pk=event.bin_id)
    stockrecord = StockRecord.objects.get(pk=event.stockrecord_id)
    note = _("%(sku)s was not found") % {"sku": stockrecord.partner_sku}
    task, _new = actions.ask(bin=bin, cause=SHORT, note=note)
    stock.mark_doubtful(stockrecord_id=stockrecord.pk, bin_id=bin.pk)
    stock.set_aside_missing(stockrecord=stockrecord, bin=bin, cause=f"{ASIDE}{task.number}")
