"""What the room hears."""

from fulfilment.finance.invoicing.events import InvoiceIssued
from fulfilment.warehouse.receiving.events import ReturnReceived
from shop.kernel.outbox import subscribe

from . import goods, holds
from .events import WithdrawalReceived
from .models import Withdrawal


@subscribe(InvoiceIssued, "service.hold_invoice")
def hold_invoice(event: InvoiceIssued) -> None:
    """An invoice for an order that was withdrawn from is not reminded."""
    holds.hold_for_order(order_id=event.order_id)


@subscribe(WithdrawalReceived, "service.announce_return")
def announce_return(event: WithdrawalReceived) -> None:
    """The dock expects what was sent of the chosen lines. Afterwards, so that no declaration can fail by it.

    What was unpacked before is noted here and not with the declaration: a return that was finished in the same moment
    is either seen here, or heard of afterwards.
    """
    withdrawal = Withdrawal.objects.get(pk=event.withdrawal_id)
    goods.note_here_already(withdrawal)
    goods.announce(withdrawal)


@subscribe(ReturnReceived, "service.note_goods_back")
def note_goods_back(event: ReturnReceived) -> None:
    """The goods are here: the refund may no longer wait for them, § 357 (4) BGB."""
    if any(line["reception"] == "received" for line in event.lines):
        goods.note_back(order_id=event.order_id, received_at=event.received_at)
