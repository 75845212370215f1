"""A shop with some of everything, for the pages of finance."""

from __future__ import annotations

import datetime as dt

from fulfilment.finance.invoicing.actions import hold
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import assign, record
from fulfilment.finance.reconciliation.models import Receipt
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order
from tests.support.helpers import Outbox

DAY = dt.date(2026, 11, 20)


def invoiced(outbox: Outbox, *wishes: Wish, method: str = "invoice", shipping_minor: int = 0) -> Invoice:
    """An order of which everything has left, with its invoice."""
    order = make_order(*wishes, method=method, shipping_minor=shipping_minor)
    if method == "card":
        capture(order)
    dispatch(order)
    outbox.drain()
    return Invoice.objects.get(order=order)


def busy(outbox: Outbox, times: int = 1) -> Invoice:
    """A shop with some of everything."""
    for _ in range(times):
        invoiced(outbox, method="card", shipping_minor=490)
        invoice = invoiced(outbox, Wish(2, 5_000), Wish(1, 1_070, 700))
        at = Receipt.objects.count()
        receipt = record(booked_on=DAY, amount_minor=2_000, reference=f"1/{at}", payer="Hanna Petersen")
        assign(receipt=receipt, order=invoice.order, invoice=invoice, amount_minor=1_500)
    hold(invoice=invoice, why="a complaint is open")
    return invoice
