"""What a line of an order is written with, whoever adds it: the shopper, a change afterwards, goods sent once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shop.kernel.money import net_from_gross, to_decimal

from .models import Line

if TYPE_CHECKING:
    from catalogue.models import Product
    from catalogue.partner.models import StockRecord

    from .models import Order


def new_line(
    *,
    order: Order,
    product: Product,
    stockrecord: StockRecord,
    quantity: int,
    gross_minor: int,
    before_minor: int,
    unit_minor: int,
    vat_class: str,
    vat_rate_bp: int,
    vat_category: str,
    **more: Any,
) -> Line:
    """A line, not saved yet, for pieces of a product from this stock record; nothing is reserved here.

    Args:
        gross_minor, before_minor: for all pieces, after and before discounts, minor units of the order's currency.
        unit_minor: for one piece before discounts, minor units.
        vat_rate_bp: hundredths of a percent; 0 with a ``vat_category`` (why there is no VAT).
        more: further fields of the line, and those that shall differ from the product's.
    """
    currency = order.currency

    def money(amount_minor: int) -> tuple[Any, Any]:
        return to_decimal(amount_minor, currency), to_decimal(
            net_from_gross(amount_minor, vat_rate_bp), currency
        )

    incl, excl = money(gross_minor)
    before_incl, before_excl = money(before_minor)
    unit_incl, unit_excl = money(unit_minor)
    facts = {
        "title": product.title_local[:255],
        "withdrawal_exclusion": product.withdrawal_exclusion or product.own_or_parent.withdrawal_exclusion,
    }
    return Line(
        order=order,
        partner_id=stockrecord.partner_id,
        partner_name="",
        partner_sku=stockrecord.partner_sku,
        stockrecord=stockrecord,
        product=product,
        upc=product.upc,
        quantity=quantity,
        line_price_incl_tax=incl,
        line_price_excl_tax=excl,
        line_price_before_discounts_incl_tax=before_incl,
        line_price_before_discounts_excl_tax=before_excl,
        unit_price_incl_tax=unit_incl,
        unit_price_excl_tax=unit_excl,
        gross_minor=gross_minor,
        gross_before_discount_minor=before_minor,
        tax_code=vat_class,
        vat_class=vat_class,
        vat_rate_bp=vat_rate_bp,
        vat_category=vat_category,
        num_allocated=quantity,
        weight_g=product.weight_g or product.own_or_parent.weight_g,
        unit_cost_minor=stockrecord.unit_cost_minor,
        **{**facts, **more},
    )
