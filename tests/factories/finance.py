"""Invoices that came about as in life: ordered on account, invoiced, paid by bank transfer."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from checkout.order.models import Order
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.invoicing.models import Invoice, OrderMoney
from shop.kernel.clock import today

from .shopping import make_variant, place_order


def invoice_for(user: Any, *, price_minor: int = 9_990, method: str = "invoice", **options: Any) -> Invoice:
    """An order on account that was invoiced today."""
    order = place_order((make_variant(price_minor=price_minor), 1), method=method, user=user, **options)
    quantities = {line.pk: line.quantity for line in order.lines.all()}
    return issue_for_parcel(
        parcel_id=order.pk, order_id=order.pk, quantities=quantities, dispatched_on=today()
    )


def pay_invoice(invoice: Invoice, amount_minor: int | None = None) -> None:
    """Money arrives by bank transfer and is laid on the invoice."""
    with transaction.atomic():
        account = accounts.locked(Order.objects.get(pk=invoice.order_id))
        accounts.note_money(
            account=account,
            kind=OrderMoney.TRANSFER,
            source=f"test:{invoice.pk}:{amount_minor}",
            amount_minor=amount_minor or invoice.open_minor,
        )
        accounts.settle(account=account, first=invoice)
