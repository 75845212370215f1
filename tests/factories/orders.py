"""Orders as placing leaves them, written directly: for tests of rooms that only meet finished orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from oscar.apps.address.models import Country

from catalogue.partner.actions import Wish, reserve
from catalogue.partner.models import StockRecord
from checkout.order.actions import confirm
from checkout.order.models import BillingAddress, Line, Order, ShippingAddress
from checkout.order.numbers import new_order_number
from shop.kernel.clock import now
from shop.kernel.money import net_from_gross, to_decimal

RATE_BP = 1900
ADDRESS = {
    "first_name": "Erika",
    "last_name": "Musterfrau",
    "line1": "Am Sandtorkai 1",
    "line4": "Hamburg",
    "postcode": "20457",
}


def make_country(code: str = "DE", name: str = "Deutschland") -> Country:
    """A country; the same code gives the same one."""
    defaults = {"name": name, "printable_name": name, "is_shipping_country": True}
    return Country.objects.get_or_create(iso_3166_1_a2=code, defaults=defaults)[0]


def make_order(
    *wanted: tuple[StockRecord, int],
    confirmed: bool = True,
    payment_method: str = "card",
    shipping_minor: int = 490,
    shipping_code: str = "home",
    language: str = "de",
    user: Any = None,
    email: str = "erika@example.org",
    rate_bp: int = RATE_BP,
    **fields: Any,
) -> Order:
    """An order for ``(stock record, pieces)``, stock reserved, and confirmed (which tells the house) unless not wanted.

    Amounts are gross; VAT is that of ``rate_bp`` on every line and on the shipping charge.
    """
    with transaction.atomic():
        order = _order(
            wanted,
            payment_method=payment_method,
            shipping_minor=shipping_minor,
            shipping_code=shipping_code,
            language=language,
            user=user,
            guest_email="" if user else email,
            rate_bp=rate_bp,
            **fields,
        )
        lines = Line.objects.bulk_create([_line(order, record, pieces, rate_bp) for record, pieces in wanted])
        reserve(
            [Wish(line.stockrecord_id, line.pk, order.pk, line.quantity) for line in lines], expires_at=None
        )
        if confirmed:
            confirm(order=order, by=None, why="test")
    return order


def _order(
    wanted: Sequence[tuple[StockRecord, int]], *, shipping_minor: int, rate_bp: int, **fields: Any
) -> Order:
    goods = sum(record.price_minor * pieces for record, pieces in wanted)
    address = ADDRESS | {"country": make_country()}
    net = sum(net_from_gross(record.price_minor * pieces, rate_bp) for record, pieces in wanted)
    values: dict[str, Any] = {
        "number": new_order_number(),
        "currency": "EUR",
        "total_incl_tax": to_decimal(goods + shipping_minor),
        "total_excl_tax": to_decimal(net + net_from_gross(shipping_minor, rate_bp)),
        "shipping_incl_tax": to_decimal(shipping_minor),
        "shipping_excl_tax": to_decimal(net_from_gross(shipping_minor, rate_bp)),
        "shipping_rate_bp": rate_bp,
        "shipping_method": "Standardversand",
        "billing_address": BillingAddress.objects.create(**address),
        "shipping_address": ShippingAddress.objects.create(**address),
        "date_placed": now(),
    }
    return Order.objects.create(**(values | fields))


def _line(order: Order, record: StockRecord, pieces: int, rate_bp: int) -> Line:
    gross = record.price_minor * pieces
    incl, excl = to_decimal(gross), to_decimal(net_from_gross(gross, rate_bp))
    return Line(
        order=order,
        partner_id=record.partner_id,
        partner_sku=record.partner_sku,
        stockrecord=record,
        product=record.product,
        title=record.product.title,
        upc=record.product.upc,
        quantity=pieces,
        num_allocated=pieces,
        line_price_incl_tax=incl,
        line_price_excl_tax=excl,
        line_price_before_discounts_incl_tax=incl,
        line_price_before_discounts_excl_tax=excl,
        unit_price_incl_tax=record.price,
        unit_price_excl_tax=to_decimal(net_from_gross(record.price_minor, rate_bp)),
        vat_class="standard",
        vat_rate_bp=rate_bp,
        gross_minor=gross,
        gross_before_discount_minor=gross,
        weight_g=record.product.weight_g,
        unit_cost_minor=record.unit_cost_minor,
    )
