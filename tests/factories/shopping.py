"""Things to sell and somebody who buys them, for tests."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from catalogue.models import Colour, Product, ProductClass
from catalogue.partner import vat
from catalogue.partner.models import Partner, PricePeriod, StockRecord
from catalogue.partner.strategy import GrossStrategy
from checkout.basket.models import Basket
from checkout.basket.totals import totals
from checkout.order.actions import Contact, Placement, place
from checkout.order.models import BillingAddress, Order, ShippingAddress
from shop.customers.models import User

_numbers = itertools.count(1)


def make_variant(
    *,
    price_minor: int = 9_990,
    stock: int = 10,
    vat_class: str = "standard",
    size: str = "42",
    weight_g: int = 900,
    title: str = "Elbschuh",
    cost_minor: int = 4_000,
    sku: str = "",
) -> StockRecord:
    """A parent product with one variant in stock; returns its stock record."""
    number = next(_numbers)
    vat.forget()
    kind, _ = ProductClass.objects.get_or_create(name="Schuhe", defaults={"slug": "schuhe"})
    colour, _ = Colour.objects.get_or_create(
        code="navy", defaults={"name": "Marine", "hex": "#1b2a41", "texts": {"en": {"name": "Navy"}}}
    )
    parent = Product.objects.create(
        structure="parent",
        product_class=kind,
        title=f"{title} {number}",
        slug=f"schuh-{number}",
        texts={"en": {"title": f"Elbe shoe {number}"}},
        vat_class=vat_class,
        weight_g=weight_g,
    )
    child = Product.objects.create(
        structure="child", parent=parent, colour=colour, size=size, weight_g=weight_g, vat_class=vat_class
    )
    partner, _ = Partner.objects.get_or_create(code="own", defaults={"name": "Kontor"})
    record = StockRecord.objects.create(
        product=child,
        partner=partner,
        partner_sku=sku or f"SKU-{number:05d}",
        price_currency="EUR",
        price=Decimal(price_minor) / 100,
        num_in_stock=stock,
        unit_cost_minor=cost_minor,
    )
    PricePeriod.objects.create(stockrecord=record, gross_minor=price_minor)
    return record


def make_basket(*wanted: tuple[StockRecord, int], owner: Any = None) -> Basket:
    """An open basket with the given pieces."""
    basket = Basket.objects.create(owner=owner)
    basket.strategy = GrossStrategy()
    for record, quantity in wanted:
        basket.add_product(record.product, quantity)
    return basket


def make_user(email: str = "", **fields: Any) -> User:
    """A customer with a password ``test-password``."""
    staff = fields.pop("is_staff", False)
    user = User.objects.create_user(
        email=email or f"kunde{next(_numbers)}@example.org", password="test-password", **fields
    )
    if staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    return user


def address(kind: type[Any], country: str = "DE", **fields: Any) -> Any:
    """An unsaved address."""
    data = {
        "first_name": "Erika",
        "last_name": "Beispiel",
        "line1": "Musterweg 1",
        "postcode": "20457",
        "line4": "Hamburg",
    }
    return kind(**{**data, **fields, "country_id": country})


def make_placement(
    basket: Basket,
    *,
    method: str = "card",
    user: Any = None,
    country: str = "DE",
    shipping_minor: int = 490,
    email: str = "erika@example.org",
    seen_total_minor: int | None = None,
    language: str = "de",
    delivery_code: str = "home",
    credit_minor: int = 0,
    accepted_html: str = "",
) -> Placement:
    """Everything placing needs, for a basket. ``accepted_html``: the summary as the web shop would have shown it."""
    lines = list(basket.all_lines())
    return Placement(
        basket=basket,
        totals=totals(lines, country=country, shipping_minor=shipping_minor),
        contact=Contact(email, "", language),
        billing_address=address(BillingAddress, country),
        shipping_address=address(ShippingAddress, country) if delivery_code == "home" else None,
        delivery_code=delivery_code,
        delivery_name="Lieferung nach Hause",
        payment_method=method,
        user=user,
        seen_total_minor=seen_total_minor,
        credit_minor=credit_minor,
        accepted_html=accepted_html,
    )


def place_order(*wanted: tuple[StockRecord, int], **options: Any) -> Order:
    """An order through the real door: place()."""
    return place(make_placement(make_basket(*wanted, owner=options.get("user")), **options))
