"""What the room hears: paying stops dunning, and so does taking an invoice back; money comes for what was given up."""

from __future__ import annotations

from checkout.order.models import Order
from checkout.payment.actions import set_credit
from checkout.payment.events import DisputeWon, PaymentCaptured, PaymentDisputed
from fulfilment.finance.invoicing.events import InvoiceIssued, InvoicePaid, InvoiceReopened, MoneyLiesFree
from fulfilment.finance.invoicing.models import CANCELLATION, Invoice
from fulfilment.finance.reconciliation.events import AssignmentUndone, MoneyAssigned
from shop.kernel.outbox import subscribe

from .actions import (
    close_when_paid,
    level_of,
    pay_claims_again,
    pay_claims_by_card,
    reckon_limit,
    recover,
    reopen_claims,
    see_promises_of,
    tell,
    undo_recovery,
    unpay_claims,
)
from .events import DunningNoticeIssued, LettersWritten
from .models import Recovery


@subscribe(InvoicePaid, "dunning.lower_level")
def lower_level(event: InvoicePaid) -> None:
    """Nothing is open on the invoice: the customer's level is that of what still is."""
    _reckon_level(event.invoice_id)
    see_promises_of(event.invoice_id)
    close_when_paid(invoice=Invoice.objects.get(pk=event.invoice_id))


@subscribe(PaymentCaptured, "dunning.pay_claims_by_card")
def pay_claims(event: PaymentCaptured) -> None:
    """A card paid an invoice with its interest and costs."""
    pay_claims_by_card(captured=event)


@subscribe(PaymentDisputed, "dunning.reopen_claims")
def reopen_disputed_claims(event: PaymentDisputed) -> None:
    """The bank took that money back."""
    reopen_claims(dispute=event)


@subscribe(DisputeWon, "dunning.pay_claims_again")
def pay_claims_of_dispute(event: DisputeWon) -> None:
    """It gave it back."""
    pay_claims_again(won=event)


@subscribe(InvoiceIssued, "dunning.lower_level_for_correction")
def lower_level_for_correction(event: InvoiceIssued) -> None:
    """A cancelled invoice is asked for no more, and nobody is told that it was paid."""
    if event.kind == CANCELLATION:
        _reckon_level(event.invoice_id)


@subscribe(InvoiceReopened, "dunning.raise_level_again")
def raise_level_again(event: InvoiceReopened) -> None:
    """It was not paid after all: what was asked before counts again."""
    _reckon_level(event.invoice_id)


@subscribe(LettersWritten, "dunning.tell_of_each")
def tell_of_each(event: LettersWritten) -> None:
    """Mails and whatever else follows are one delivery per letter."""
    tell(notice_ids=event.notice_ids)


@subscribe(DunningNoticeIssued, "dunning.lower_limit")
def lower_limit(event: DunningNoticeIssued) -> None:
    """Who was reminded may buy less on account."""
    if event.user_id:
        reckon_limit(user_id=event.user_id)


@subscribe(MoneyAssigned, "dunning.recover")
def recover_after_write_off(event: MoneyAssigned) -> None:
    """Money came for an order of which something was written off: so much of it stands again."""
    order = Order.objects.get(pk=event.order_id)
    recover(order=order)
    for invoice_id in order.invoices.values_list("pk", flat=True):
        see_promises_of(invoice_id)


@subscribe(MoneyLiesFree, "dunning.recover_by_other_ways")
def recover_by_other_ways(event: MoneyLiesFree) -> None:
    """So it is with money that came back from the card provider: a refund that failed, a dispute that was won."""
    recover(order=Order.objects.get(pk=event.order_id))


@subscribe(AssignmentUndone, "dunning.undo_recovery")
def undo_what_it_paid(event: AssignmentUndone) -> None:
    """The money was somebody else's: claims are open again, and what was recovered is lost again."""
    unpay_claims(assignment=event.assignment_id)
    found = Recovery.objects.filter(fact__startswith=f"assignment:{event.assignment_id}/", undone_at=None)
    for recovery in found.select_related("write_off__invoice"):
        undo_recovery(recovery=recovery, why="the money was taken back")


def _reckon_level(invoice_id: int) -> None:
    user_id = Invoice.objects.values_list("user_id", flat=True).get(pk=invoice_id)
    if user_id:
        set_credit(user_id=user_id, dunning_level=level_of(user_id))
        reckon_limit(user_id=user_id)
