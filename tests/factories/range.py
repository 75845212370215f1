"""A range to look through, for tests: categories, products with variants, makers, pictures without files."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.text import slugify

from catalogue import tree
from catalogue.actions import refresh_search_text
from catalogue.models import Category, Colour, Maker, Product, ProductCategory, ProductClass, ProductImage
from catalogue.partner import vat
from catalogue.partner.models import Partner, StockRecord, VatRate

_numbers = itertools.count(1)


def make_category(
    name: str = "Halbschuhe", parent: Category | None = None, en: str = "", **fields: Any
) -> Category:
    """A category, with an English name where given."""
    fields = {"name": name, "slug": slugify(name), "texts": {"en": {"name": en}} if en else {}, **fields}
    made = parent.add_child(**fields) if parent else Category.add_root(**fields)
    tree.forget()
    return made


def make_colour(code: str = "navy", name: str = "Marine", en: str = "Navy") -> Colour:
    """A colour; the same code gives the same one."""
    return Colour.objects.get_or_create(
        code=code, defaults={"name": name, "hex": "#1b2a41", "texts": {"en": {"name": en}}}
    )[0]


def make_maker(brand: str = "Tidewerk") -> Maker:
    """A maker; the same brand gives the same one."""
    return Maker.objects.get_or_create(
        brand=brand,
        defaults={
            "company": f"{brand} GmbH",
            "postal_address": "Am Musterpriel 8, 25999 Priel",
            "electronic_address": "sicherheit@example.org",
        },
    )[0]


def make_product(
    title: str = "Elbschuh",
    *,
    category: Category | None = None,
    en: str = "",
    brand: str = "Tidewerk",
    colours: Sequence[str] = ("navy",),
    sizes: Sequence[str] = ("41", "42"),
    price_minor: int = 9_990,
    stock: int = 5,
    reference_minor: int | None = None,
    searchable: bool = True,
    pictures: int = 1,
    **fields: Any,
) -> Product:
    """A parent with a variant per colour and size, each with ``stock`` pieces."""
    ensure_vat()
    number = next(_numbers)
    kind, _ = ProductClass.objects.get_or_create(slug="schuhe", defaults={"name": "Schuhe"})
    partner, _ = Partner.objects.get_or_create(code="own", defaults={"name": "Kontor"})
    texts = {"en": {"title": en, "description": f"{en} in English."}} if en else {}
    values = {
        "structure": "parent",
        "product_class": kind,
        "title": title,
        "slug": slugify(title) or f"schuh-{number}",
        "description": f"{title}, für nasse Wege.",
        "texts": texts,
        "maker": make_maker(brand),
    }
    parent = Product.objects.create(**{**values, **fields})
    if category:
        ProductCategory.objects.create(product=parent, category=category)
    for code in colours:
        for size in sizes:
            child = Product.objects.create(
                structure="child",
                parent=parent,
                colour=make_colour(code, code.title(), code.title()),
                size=size,
            )
            StockRecord.objects.create(
                product=child,
                partner=partner,
                partner_sku=f"T-{number}-{code}-{size}",
                price_currency="EUR",
                price=Decimal(price_minor) / 100,
                num_in_stock=stock,
                reference_price_minor=reference_minor,
            )
    for position in range(pictures):
        ProductImage.objects.create(
            product=parent, original=f"images/products/{number}-{position}.png", display_order=position
        )
    if searchable:
        refresh_search_text(products=[parent.pk])
    return parent


def variants(product: Product) -> list[StockRecord]:
    """The stock records of a product's variants, in the order they were made."""
    return list(StockRecord.objects.filter(product__parent=product).select_related("product").order_by("pk"))


def ensure_vat() -> None:
    """German VAT rates, where the database has none."""
    if not VatRate.objects.filter(country="DE").exists():
        for vat_class, rate in (("standard", 1900), ("reduced", 700)):
            VatRate.objects.create(
                country="DE", vat_class=vat_class, rate_bp=rate, valid_from="2007-01-01", source="§ 12 UStG"
            )
        vat.forget()


def make_many(count: int, *, category: Category | None = None, sizes: int = 2) -> list[Product]:
    """Many products at once by bulk inserts, ``sizes`` variants each."""
    ensure_vat()
    kind, _ = ProductClass.objects.get_or_create(slug="schuhe", defaults={"name": "Schuhe"})
    partner, _ = Partner.objects.get_or_create(code="own", defaults={"name": "Kontor"})
    colours = [make_colour(code, code.title()) for code in ("navy", "moss", "sand", "black")]
    makers = [make_maker(brand) for brand in ("Tidewerk", "Fjellgang", "Brookmann")]
    start = next(_numbers) * 1_000_000
    parents = Product.objects.bulk_create(
        [
            Product(
                structure="parent",
                product_class=kind,
                title=f"Schuh {start + i}",
                slug=f"schuh-{start + i}",
                maker=makers[i % 3],
                search_text=f"schuh shoe {start + i}",
            )
            for i in range(count)
        ],
        batch_size=2000,
    )
    if category:
        ProductCategory.objects.bulk_create(
            [ProductCategory(product=parent, category=category) for parent in parents], batch_size=2000
        )
    children = Product.objects.bulk_create(
        [
            Product(structure="child", parent=parent, colour=colours[(i + s) % 4], size=str(36 + s))
            for i, parent in enumerate(parents)
            for s in range(sizes)
        ],
        batch_size=2000,
    )
    StockRecord.objects.bulk_create(
        [
            StockRecord(
                product=child,
                partner=partner,
                partner_sku=f"B-{start}-{i}",
                price_currency="EUR",
                price=Decimal(2000 + (i * 37) % 18000) / 100,
                num_in_stock=i % 4,
                reference_price_minor=9_999_00 if i % 7 == 0 else None,
            )
            for i, child in enumerate(children)
        ],
        batch_size=2000,
    )
    ProductImage.objects.bulk_create(
        [
            ProductImage(product=parent, original=f"images/products/b{i}.png", display_order=0)
            for i, parent in enumerate(parents)
        ],
        batch_size=2000,
    )
    return parents
