"""What somebody ticked on the page of a receipt is booked as the workbench books it: an invoice with its costs and
interest."""

from __future__ import annotations

from typing import Any

from checkout.order.models import Order
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.models import Invoice

from . import actions, claims
from .matching.engine import paying
from .matching.items import OpenItem, Part
from .models import Receipt


class ClaimsChanged(Exception):
    """Costs and interest of an invoice were paid or waived in this moment. Nothing was booked."""


def pay_chosen(
    *,
    receipt: Receipt,
    order: Order,
    invoice: Invoice | None,
    amount_minor: int,
    accept_difference: bool = False,
    by: Any = None,
) -> None:
    """Within a transaction: so much of a receipt (minor units) pays an order, or an invoice that was chosen by name: it
    first, then costs and interest that letters asked for; what is over stays the order's credit.

    Raises NotEnoughLeft, WrongMoney, ClaimsChanged.
    """
    accounts.locked(order)  # what is open is read behind whoever pays the same at this moment
    part = _part(invoice, amount_minor, receipt.currency) if invoice else Part("", amount_minor)
    if part.principal_minor:
        actions.assign(
            receipt=receipt,
            order=order,
            invoice=invoice,
            amount_minor=part.principal_minor,
            accept_difference=accept_difference,
            by=by,
        )
    if invoice is not None and part.costs_minor + part.interest_minor:
        _pay_beside(receipt, invoice, part, by)


def _pay_beside(receipt: Receipt, invoice: Invoice, part: Part, by: Any) -> None:
    try:
        claims.pay(
            receipt=receipt,
            invoice=invoice,
            costs_minor=part.costs_minor,
            interest_minor=part.interest_minor,
            why="",
            by_itself=False,
            by=by,
        )
    except actions.NotEnoughLeft:
        raise
    except ValueError as error:  # waived, or paid behind a letter's link
        raise ClaimsChanged(str(error)) from error


def _part(invoice: Invoice, amount_minor: int, currency: str) -> Part:
    """How so much for an invoice is divided."""
    open_minor = Invoice.objects.values_list("open_minor", flat=True).get(pk=invoice.pk)
    item = OpenItem(f"invoice:{invoice.pk}", (invoice.number,), open_minor)
    asked = claims.asked([invoice.pk]).get(invoice.pk) if invoice.currency == currency else None
    if asked is not None:
        item.costs_minor, item.interest_minor = asked.costs_minor, asked.interest_minor
    return paying(item, amount_minor)
