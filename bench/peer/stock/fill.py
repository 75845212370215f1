"""Fill the stock shop: ``python -m bench.peer.stock.fill PRODUCTS`` in its own environment, on an empty database.

As many products in one category as tests/factories/range.make_many gives Kontor. Here each is bought as it is (Kontor's
have two variants and a picture), which spares stock Oscar a page before the basket and look-ups.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import django

BATCH = 2_000
COUNTRIES = "DE AT BE BG CY CZ DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK CH NO GB"


def fill(products: int) -> None:
    """Tables, range, countries and the search index."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _countries()
    _range(products)
    call_command("rebuild_index", interactive=False, verbosity=0)


def _countries() -> None:
    from oscar.apps.address.models import Country

    Country.objects.bulk_create(
        Country(
            iso_3166_1_a2=code,
            iso_3166_1_a3=code,
            printable_name=code,
            name=code,
            display_order=0,
            is_shipping_country=True,
        )
        for code in COUNTRIES.split()
    )


def _range(products: int) -> None:
    from oscar.apps.catalogue.models import Category, Product, ProductCategory, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

    kind = ProductClass.objects.create(name="Schuhe", track_stock=True)
    partner = Partner.objects.create(name="Kontor", code="own")
    category = Category.add_root(name="Schuhe")
    products_made = Product.objects.bulk_create(
        [
            Product(
                structure="standalone",
                product_class=kind,
                title=f"Schuh {i}",
                slug=f"schuh-{i}",
                upc=f"P-{i}",
            )
            for i in range(products)
        ],
        batch_size=BATCH,
    )
    ProductCategory.objects.bulk_create(
        [ProductCategory(product=product, category=category) for product in products_made], batch_size=BATCH
    )
    StockRecord.objects.bulk_create(
        [
            StockRecord(
                product=product,
                partner=partner,
                partner_sku=f"B-{i}",
                price_currency="EUR",
                price=Decimal(2000 + (i * 37) % 18000) / 100,
                num_in_stock=10_000,
            )
            for i, product in enumerate(products_made)
        ],
        batch_size=BATCH,
    )


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
