"""Firms as buyers: orders with VAT id, proof and reference, straight in the tables."""

from __future__ import annotations

import datetime as dt
from typing import Any

from checkout.order.models import Line, Order
from checkout.vat_ids.models import VatIdCheck
from fulfilment.finance.invoicing.models import Invoice
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order
from tests.support.helpers import Outbox

FRENCH, LEITWEG = "FR40303265045", "991-03730-19"
DAY = dt.date(2026, 11, 20)


def proof(outcome: str = "valid", vat_id: str = FRENCH) -> VatIdCheck:
    """An answer of the register."""
    return VatIdCheck.objects.create(
        vat_id=vat_id,
        outcome=outcome,
        consultation="WAPIAAAA1" if outcome == "valid" else "",
        requester="DE123456788",
    )


def firm_order(
    *wishes: Wish, category: str = "", check: VatIdCheck | None = None, country: str = "FR", **firm: Any
) -> Order:
    """An order of a firm; ``category`` as the checkout decided it, with ``check`` as its proof."""
    shipping = firm.pop("shipping_minor", 0)
    options = {name: firm.pop(name) for name in ("method", "user", "language") if name in firm}
    order = make_order(
        *wishes, country=country, shipping_minor=shipping, shipping_rate_bp=0 if category else 1900, **options
    )
    facts = {"company": "Le Cordonnier SARL", "vat_id": FRENCH, "vat_check": check} | firm
    Order.objects.filter(pk=order.pk).update(
        **facts, shipping_vat_category=category if shipping else "", phone="+33 1 234567"
    )
    Line.objects.filter(order=order).update(vat_category=category)
    order.refresh_from_db()
    return order


def invoice_of(outbox: Outbox, order: Order) -> Invoice:
    """The invoice of everything that was ordered."""
    if order.payment_method == "card":
        capture(order)
    dispatch(order)
    outbox.drain()
    assert outbox.failures() == []
    return Invoice.objects.claims().get(order=order)
