"""Orders that may still be changed, and other sizes to have instead."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from catalogue.models import Product
from catalogue.partner.models import PricePeriod, StockRecord
from checkout.order.models import Order
from fulfilment.customer_service.changes.actions import change
from fulfilment.customer_service.changes.models import OrderChange
from fulfilment.customer_service.changes.wishes import Wish
from fulfilment.warehouse.stock import actions as stock
from tests.factories.shopping import make_user, place_order
from tests.factories.shortages import pay
from tests.factories.stock import make_bin


def sibling(
    record: StockRecord,
    *,
    size: str = "43",
    pieces: int = 5,
    price_minor: int | None = None,
    bin: str = "B-01",
) -> StockRecord:
    """Another size of the same model and colour, its pieces in a bin."""
    product = record.product
    child = Product.objects.create(
        structure="child",
        parent=product.parent,
        colour=product.colour,
        size=size,
        weight_g=product.weight_g,
        vat_class=product.own_or_parent.vat_class,
    )
    minor = record.price_minor if price_minor is None else price_minor
    other = StockRecord.objects.create(
        product=child,
        partner=record.partner,
        partner_sku=f"{record.partner_sku}-{size}",
        price_currency="EUR",
        price=Decimal(minor) / 100,
        num_in_stock=0,
        unit_cost_minor=record.unit_cost_minor,
    )
    PricePeriod.objects.create(stockrecord=other, gross_minor=minor)
    if pieces:
        stock.receive(stockrecord=other, bin=make_bin(bin), quantity=pieces)
        other.refresh_from_db()
    return other


def ordered(
    outbox: Any,
    *wanted: tuple[StockRecord, int],
    method: str = "card",
    before_paying: Callable[[Order], None] = lambda _order: None,
    **options: Any,
) -> Order:
    """An order that is confirmed and has its pick list."""
    if method == "invoice":
        options.setdefault("user", make_user())
    order = place_order(*wanted, method=method, **options)
    before_paying(order)
    pay(order)
    outbox.drain()
    order.refresh_from_db()
    return order


def changed(order: Order, *, key: str = "k1", **wish: Any) -> OrderChange:
    """A change as the shopper makes it."""
    return change(order=order, wish=Wish(**wish), key=key)
