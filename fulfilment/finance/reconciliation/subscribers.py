"""What reconciliation hears."""

from __future__ import annotations

from django.db import transaction

from checkout.order.events import OrderAmended
from checkout.order.models import Order
from fulfilment.finance.bank.events import StatementImported
from fulfilment.finance.invoicing.events import InvoicePaid
from shop.kernel.outbox import subscribe

from .actions import capture_when_complete, take_back_replaced
from .models import Intake
from .tasks import take_in_one


@subscribe(InvoicePaid, "finance.capture_by_transfer")
def capture_by_transfer(happened: InvoicePaid) -> None:
    """A purchase on account whose invoices are all paid is a captured payment."""
    capture_when_complete(
        order=Order.objects.get(pk=happened.order_id), reference=f"invoice:{happened.number}"
    )


@subscribe(OrderAmended, "finance.capture_after_amendment")
def capture_after_amendment(happened: OrderAmended) -> None:
    """The order asks for less than it did: what has come by transfer may be all of it now."""
    capture_when_complete(order=Order.objects.get(pk=happened.order_id), reference=happened.source)


@subscribe(StatementImported, "finance.take_in_lines")
def take_in_lines(happened: StatementImported) -> None:
    """Lines of the bank become receipts and disbursements, by a task that can be resumed; collective lines that are
    told
    apart now are no money any more."""
    if happened.replaced_line_ids:
        take_back_replaced(line_ids=list(happened.replaced_line_ids))
    intake, new = Intake.objects.get_or_create(file_id=happened.file_id, bank_account_id=happened.account_id)
    if new:
        transaction.on_commit(lambda: take_in_one.delay(intake.pk), robust=True)
