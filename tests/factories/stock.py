"""Products with stock in bins, booked as the warehouse books it, so that ``verify_stock`` finds no difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalogue.models import Product, ProductClass
from catalogue.partner.models import Partner, StockRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import PICK, Bin, Site
from tests.factories.shopping import make_variant


def make_site(code: str = "store", *, name: str = "", **fields: Any) -> Site:
    """A site; the same code gives the same one."""
    defaults = {"name": name or code.title(), "postcode": "20457", "city": "Hamburg", "position": 5, **fields}
    return Site.objects.get_or_create(code=code, defaults=defaults)[0]


def make_bin(
    code: str = "A-01",
    *,
    kind: str = PICK,
    sequence: int = 10,
    zone: str = "A",
    site: Site | None = None,
) -> Bin:
    """A bin, at the default site unless told otherwise; the same code gives the same one."""
    site = site or stock.default_site()
    row = stock.place_zone(site=site, code=zone)
    defaults = {"kind": kind, "sequence": sequence, "zone": row, "site": site}
    return Bin.objects.get_or_create(code=code, defaults=defaults)[0]


def make_stockrecord(
    sku: str = "SKU-1",
    *,
    bins: Mapping[str, int] | None = None,
    price: str = "89.90",
    gtin: str | None = None,
    title: str = "",
    backorderable: bool = False,
    unit_cost_minor: int = 3000,
    **product: Any,
) -> StockRecord:
    """A product that stands alone, its stock record, and pieces in bins (``{"A-01": 5}``, received)."""
    kind = ProductClass.objects.get_or_create(name="Schuhe", defaults={"track_stock": True})[0]
    item = Product.objects.create(
        structure=Product.STANDALONE,
        title=title or f"Schuh {sku}",
        upc=gtin,
        product_class=kind,
        weight_g=product.pop("weight_g", 800),
        **product,
    )
    record = StockRecord.objects.create(
        product=item,
        partner=Partner.objects.get_or_create(name="Kontor")[0],
        partner_sku=sku,
        price=price,
        price_currency="EUR",
        backorderable=backorderable,
        unit_cost_minor=unit_cost_minor,
    )
    for n, (code, quantity) in enumerate((bins or {}).items()):
        stock.receive(stockrecord=record, bin=make_bin(code, sequence=(n + 1) * 10), quantity=quantity)
    record.refresh_from_db()
    return record


def make_received_variant(pieces: int) -> StockRecord:
    """A variant whose pieces came into a bin as the warehouse books them, for tests that end with every check of
    ``manage.py verify``."""
    record = make_variant(stock=0)
    stock.receive(stockrecord=record, bin=make_bin(), quantity=pieces)
    record.refresh_from_db()
    return record
