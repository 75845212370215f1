"""What invoicing hears."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils import timezone

from checkout.order.models import Order
from checkout.payment.events import DisputeWon, PaymentCaptured, PaymentDisputed, RefundSucceeded
from checkout.store_credit.events import CreditMovedAlong
from fulfilment.warehouse.dispatch.events import ParcelDispatched
from shop.kernel.outbox import subscribe

from . import actions
from .events import InvoiceIssued

log = logging.getLogger(__name__)


@subscribe(ParcelDispatched, "finance.issue_invoice")
def issue_invoice(happened: ParcelDispatched) -> None:
    """The goods left: the invoice follows (§ 14 (2) UStG; policy: on dispatch). Goods that are sent once more under
    warranty are no further supply for money: no invoice."""
    if Order.objects.only("kind").get(pk=happened.order_id).is_replacement:
        return
    quantities: dict[int, int] = {}
    for line in happened.lines:
        line_id = int(line["order_line_id"])
        quantities[line_id] = quantities.get(line_id, 0) + int(line["quantity"])
    moment = dt.datetime.fromisoformat(happened.dispatched_at)
    actions.issue_for_parcel(
        parcel_id=happened.parcel_id,
        order_id=happened.order_id,
        quantities=quantities,
        dispatched_on=timezone.localtime(moment).date() if timezone.is_aware(moment) else moment.date(),
    )


@subscribe(PaymentCaptured, "finance.book_capture")
def book_capture(happened: PaymentCaptured) -> None:
    """A card payment came in, or store credit paid."""
    actions.book_capture(captured=happened)


@subscribe(RefundSucceeded, "finance.book_refund")
def book_refund(happened: RefundSucceeded) -> None:
    """Money went back."""
    actions.book_refund(refund=happened)


@subscribe(CreditMovedAlong, "finance.book_credit_moved")
def book_credit_moved(happened: CreditMovedAlong) -> None:
    """Two accounts became one, with their credit."""
    actions.book_moved_along(moved=happened)


@subscribe(PaymentDisputed, "finance.book_dispute")
def book_dispute(happened: PaymentDisputed) -> None:
    """A bank took money back."""
    actions.book_dispute(dispute=happened)


@subscribe(DisputeWon, "finance.book_dispute_won")
def book_dispute_won(happened: DisputeWon) -> None:
    """It gave it back."""
    actions.book_dispute_won(won=happened)


@subscribe(InvoiceIssued, "finance.make_documents")
def make_documents(happened: InvoiceIssued) -> None:
    """Ask a worker for the files; when the queue is broken, beat and the first reader make them."""
    from .tasks import make_documents as task

    def nudge() -> None:
        try:
            task.delay(happened.invoice_id)
        except Exception as error:  # whatever a broker client may raise
            log.warning("queue not reachable, documents of %s wait: %s", happened.number, error)

    transaction.on_commit(nudge, robust=True)
