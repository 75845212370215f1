"""Many products for measuring: parents with two sizes each, priced, in bins, searchable; written in bulk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from django.db import transaction
from django.db.models import Max

from catalogue.actions import search_words
from catalogue.models import Category, Colour, Maker, Product, ProductCategory, ProductImage
from catalogue.partner.models import Partner, PricePeriod, StockRecord
from fulfilment.warehouse.stock.actions import OPENING as BOOKS_BEGIN
from fulfilment.warehouse.stock.actions import Received, place_zone, receive_many
from fulfilment.warehouse.stock.models import Bin
from shop.demo import range as data
from shop.demo.seeding.basics import site
from shop.demo.seeding.goods import (
    OPENING,
    own_partner,
    product_class,
    seed_categories,
    seed_colours,
    seed_makers,
)
from shop.kernel.clock import now
from shop.kernel.money import to_decimal

BATCH = 2_000  #: products per transaction
PREFIX = "G"  #: SKUs of bulk products begin with it
PER_BIN = 400  #: SKUs that share a bin
PICTURES = "images/products/demo"
Bar = Callable[..., Any]


def seed_products(count: int, *, bar: Bar) -> int:
    """Add ``count`` products with two variants each, opening stock received by the warehouse. Returns the variants."""
    ground = _Ground()
    records: list[int] = []
    with bar(total=count, desc="products", unit="product") as progress:
        for first in range(ground.next_number, ground.next_number + count, BATCH):
            numbers = range(first, min(first + BATCH, ground.next_number + count))
            with transaction.atomic():
                records += _write(ground, numbers)
            progress.update(len(numbers))
    with bar(total=len(records), desc="stock", unit="SKU") as progress:
        for start in range(0, len(records), BATCH * 10):
            chunk = records[start : start + BATCH * 10]
            receive_many(_pieces(chunk, ground.bins), why=OPENING, kind=BOOKS_BEGIN)
            progress.update(len(chunk))
    return len(records)


class _Ground:
    """What every bulk product stands on, read once."""

    def __init__(self) -> None:
        self.categories: dict[str, Category] = seed_categories()
        self.makers: dict[str, Maker] = seed_makers()
        self.colours: dict[str, Colour] = seed_colours()
        self.partner: Partner = own_partner()
        self.classes = {row.category: product_class(row.category) for row in data.products()}
        self.templates = data.products()
        self.pictures: dict[str, ProductImage] = {}
        for image in ProductImage.objects.filter(original__startswith=PICTURES).select_related("product"):
            self.pictures.setdefault(image.product.slug, image)
        latest = StockRecord.objects.filter(partner_sku__startswith=PREFIX).aggregate(
            last=Max("partner_sku")
        )["last"]
        self.next_number = int(latest[1:8]) + 1 if latest else 1
        self.bins = _bins()
        self.moment = now() - dt.timedelta(days=60)


def _bins() -> list[int]:
    place = site()
    codes = [f"Z-{n:03d}" for n in range(1, 201)]
    zone = place_zone(site=place, code="Z", sequence=90_000)
    there = set(Bin.objects.filter(zone=zone).values_list("code", flat=True))
    Bin.objects.bulk_create(
        Bin(site=place, code=code, zone=zone, sequence=100_000 + n)
        for n, code in enumerate(codes)
        if code not in there
    )
    return list(Bin.objects.filter(zone=zone).order_by("sequence").values_list("pk", flat=True))


def _write(ground: _Ground, numbers: range) -> list[int]:
    """One batch of products with variants, stock records and prices; returns the ids of the stock records."""
    parents = Product.objects.bulk_create([_parent(ground, number) for number in numbers])
    rows = [ground.templates[number % len(ground.templates)] for number in numbers]
    ProductCategory.objects.bulk_create(
        ProductCategory(product=parent, category=ground.categories[row.category])
        for parent, row in zip(parents, rows, strict=True)
    )
    ProductImage.objects.bulk_create(
        ProductImage(
            product=parent,
            original=picture.original.name,
            widths=picture.widths,
            made_at=picture.made_at,
            display_order=0,
            date_created=ground.moment,
        )
        for parent, row in zip(parents, rows, strict=True)
        if (picture := ground.pictures.get(row.slug))
    )
    children = Product.objects.bulk_create(
        _child(ground, parent, row, number, place)
        for parent, row, number in zip(parents, rows, numbers, strict=True)
        for place in (0, 1)
    )
    return _stock_records(ground, children)


def _parent(ground: _Ground, number: int) -> Product:
    row = ground.templates[number % len(ground.templates)]
    maker = list(ground.makers.values())[number % len(ground.makers)]
    product = Product(
        structure=Product.PARENT,
        slug=f"{row.slug}-{number}",
        title=f"{row.title['de']} Nr. {number}",
        description=row.text["de"],
        material=row.material["de"],
        warnings=row.warnings["de"],
        texts={
            "en": {
                "title": f"{row.title['en']} no. {number}",
                "description": row.text["en"],
                "material": row.material["en"],
                "warnings": row.warnings["en"],
            }
        },
        product_class=ground.classes[row.category],
        maker=maker,
        weight_g=row.weight_g,
        vat_class=row.vat_class,
        content_amount=row.content_amount,
        content_unit=row.content_unit,
        is_public=True,
    )
    skus = [f"{PREFIX}{number:07d}-{place}" for place in (0, 1)]
    product.search_text = search_words(
        product, skus, [ground.colours[row.shades[number % len(row.shades)].code]]
    )
    return product


def _child(ground: _Ground, parent: Product, row: data.ProductData, number: int, place: int) -> Product:
    sizes = row.sizes if len(row.sizes) > 1 else ("", "")
    return Product(
        structure=Product.CHILD,
        parent=parent,
        slug=f"{PREFIX.lower()}{number:07d}-{place}",
        upc=_barcode(number, place),
        colour=ground.colours[
            row.shades[(number + (place if len(row.sizes) == 1 else 0)) % len(row.shades)].code
        ],
        size=sizes[(number + place) % len(sizes)],
        weight_g=row.weight_g,
        vat_class=row.vat_class,
        content_amount=row.content_amount,
        content_unit=row.content_unit,
        is_public=True,
    )


def _barcode(number: int, place: int) -> str:
    body = f"21{number:09d}{place}"
    total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _stock_records(ground: _Ground, children: list[Product]) -> list[int]:
    dice = Random(children[0].pk)
    records = StockRecord.objects.bulk_create(
        StockRecord(
            product=child,
            partner=ground.partner,
            partner_sku=child.slug.upper(),
            price_currency="EUR",
            price=to_decimal(dice.randrange(15, 300) * 100 + 90, "EUR"),
            unit_cost_minor=2_000,
            num_in_stock=0,
            num_allocated=0,
        )
        for child in children
    )
    PricePeriod.objects.bulk_create(
        PricePeriod(stockrecord=record, gross_minor=record.price_minor, valid_from=ground.moment)
        for record in records
    )
    return [record.pk for record in records]


def _pieces(records: list[int], bins: list[int]) -> Iterator[Received]:
    for pk in records:
        yield Received(stockrecord_id=pk, bin_id=bins[pk // PER_BIN % len(bins)], quantity=3 + pk * 7 % 18)
