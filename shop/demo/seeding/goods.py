"""The range in the database: categories, makers, products with variants, prices with history, stock in bins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from catalogue.actions import refresh_search_text
from catalogue.models import (
    Category,
    Colour,
    Maker,
    Product,
    ProductCategory,
    ProductClass,
    ProductRecommendation,
)
from catalogue.partner.models import Partner, PricePeriod, StockRecord
from fulfilment.warehouse.stock.actions import OPENING as BOOKS_BEGIN
from fulfilment.warehouse.stock.actions import Received, place_zone, receive_many
from fulfilment.warehouse.stock.models import Bin, Movement, Zone
from shop.demo import range as data
from shop.demo.merchant import MERCHANT
from shop.demo.seeding import warehouse
from shop.demo.seeding.basics import site
from shop.kernel.clock import now
from shop.kernel.money import to_decimal

COST_SHARE = 42  #: percent of the net price that the goods cost, roughly as in the trade
CLASSES = {"pflege": "Schuhpflege", "zubehoer": "Zubehör"}  #: product class by category; all others are shoes
#: The newest: what the home page shows, one of each kind.
FEATURED = ("kai", "alster", "schietwetter", "reeder", "luett-flitzer", "geest", "hartwachs", "strandgut")
OPENING = "Anfangsbestand"


def seed_goods() -> dict[str, Product]:
    """Everything of ``shop.demo.range``; returns the parent products by slug."""
    categories = seed_categories()
    makers, colours = seed_makers(), seed_colours()
    partner = own_partner()
    parents: dict[str, Product] = {}
    for row in arrivals():
        parents[row.slug] = _parent(row, makers, categories)
        _variants(row, parents[row.slug], colours, partner)
    _related(parents)
    _dates(parents)
    seed_stock()
    refresh_search_text(products=[product.pk for product in parents.values()])
    return parents


def own_partner() -> Partner:
    """Oscar's "partner" is the seller of the stock: the merchant."""
    return Partner.objects.get_or_create(code="own", defaults={"name": MERCHANT.brand})[0]


def product_class(category: str) -> ProductClass:
    """The product class for a category key."""
    name = CLASSES.get(category, "Schuhe")
    return ProductClass.objects.get_or_create(
        slug=CLASSES.get(category, "schuhe").lower().replace("ö", "oe"), defaults={"name": name}
    )[0]


def seed_categories() -> dict[str, Category]:
    """The tree of categories by key."""
    found: dict[str, Category] = {}
    for row in data.categories():
        texts = {"en": {"name": row.en, "description": row.text_en}}
        facts = {"name": row.de, "description": row.text_de, "texts": texts, "slug": row.key}
        node = Category.objects.filter(code=row.key).first()
        if node is None:
            node = Category(code=row.key, **facts)
            if row.parent:
                Category.objects.get(pk=found[row.parent].pk).add_child(instance=node)
            else:
                Category.add_root(instance=node)
        elif any(getattr(node, name) != value for name, value in facts.items()):
            for name, value in facts.items():
                setattr(node, name, value)
            node.save()
        found[row.key] = node
    return found


def seed_makers() -> dict[str, Maker]:
    """Makers by code."""
    fields = ("company", "postal_address", "electronic_address", "eu_responsible")
    return {
        code: Maker.objects.update_or_create(
            brand=row.brand, defaults={name: getattr(row, name) for name in fields}
        )[0]
        for code, row in data.makers().items()
    }


def seed_colours() -> dict[str, Colour]:
    """Colours by code."""
    return {
        code: Colour.objects.update_or_create(
            code=code, defaults={"name": row.de, "hex": row.hex, "texts": {"en": {"name": row.en}}}
        )[0]
        for code, row in data.shades().items()
    }


def _parent(row: data.ProductData, makers: dict[str, Maker], categories: dict[str, Category]) -> Product:
    english = {
        "title": row.title["en"],
        "description": row.text["en"],
        "material": row.material["en"],
        "warnings": row.warnings["en"],
    }
    facts = {
        "structure": Product.PARENT,
        "product_class": product_class(row.category),
        "title": row.title["de"],
        "description": row.text["de"],
        "material": row.material["de"],
        "warnings": row.warnings["de"],
        "texts": {"en": english},
        "maker": makers[row.maker.code],
        "weight_g": row.weight_g,
        "vat_class": row.vat_class,
        "content_amount": row.content_amount,
        "content_unit": row.content_unit,
        "producer_guarantee_months": row.guarantee_months,
        "is_public": True,
    }
    parent, _ = Product.objects.update_or_create(slug=row.slug, parent=None, defaults=facts)
    ProductCategory.objects.get_or_create(product=parent, category=categories[row.category])
    return parent


def _variants(row: data.ProductData, parent: Product, colours: dict[str, Colour], partner: Partner) -> None:
    """Missing variants with stock record and price history; those there keep their price and stock."""
    there = set(Product.objects.filter(parent=parent).values_list("upc", flat=True))
    items = [item for item in row.items if item.upc not in there]
    children = Product.objects.bulk_create(
        Product(
            structure=Product.CHILD,
            parent=parent,
            upc=item.upc,
            slug=item.sku.lower(),
            colour=colours[item.colour.code],
            size=item.size,
            weight_g=row.weight_g,
            vat_class=row.vat_class,
            content_amount=row.content_amount,
            content_unit=row.content_unit,
            is_public=True,
        )
        for item in items
    )
    records = StockRecord.objects.bulk_create(
        StockRecord(
            product=child,
            partner=partner,
            partner_sku=item.sku,
            price_currency="EUR",
            price=to_decimal(row.gross_minor, "EUR"),
            reference_price_minor=row.reference_minor,
            unit_cost_minor=row.prices[0].gross_minor * COST_SHARE // 119,
            num_in_stock=0,
            num_allocated=0,
        )
        for child, item in zip(children, items, strict=True)
    )
    PricePeriod.objects.bulk_create(
        period for record in records for period in price_periods(record, row.prices)
    )


def price_periods(record: StockRecord, prices: Iterable[data.Price]) -> list[PricePeriod]:
    """The price history as intervals without gaps, the last one open."""
    moments = [(now() - dt.timedelta(days=price.days_ago), price.gross_minor) for price in prices]
    ends = [start for start, _ in moments[1:]] + [None]
    return [
        PricePeriod(
            stockrecord=record,
            gross_minor=gross,
            currency="EUR",
            reference_minor=None if end else record.reference_price_minor,
            valid_from=start,
            valid_to=end,
        )
        for (start, gross), end in zip(moments, ends, strict=True)
    ]


def _related(parents: dict[str, Product]) -> None:
    wanted = [
        ProductRecommendation(primary=parents[row.slug], recommendation=parents[slug], ranking=10 - place)
        for row in data.products()
        for place, slug in enumerate(row.related)
    ]
    ProductRecommendation.objects.bulk_create(wanted, ignore_conflicts=True)


def arrivals() -> list[data.ProductData]:
    """The range in the order in which it arrived: the newest are one of each kind, then shoes before care."""
    first = {slug: place for place, slug in enumerate(FEATURED)}
    rows = data.products()
    newest_first = sorted(rows, key=lambda row: (first.get(row.slug, len(rows)), rows.index(row)))
    return newest_first[::-1]


def _dates(parents: dict[str, Product]) -> None:
    """Spread the dates of arrival over some weeks."""
    order = [row.slug for row in arrivals()][::-1]
    latest = Product.objects.filter(pk=parents[order[0]].pk).values_list("date_created", flat=True)[0]
    for place, slug in enumerate(order):
        Product.objects.filter(pk=parents[slug].pk).update(
            date_created=latest - dt.timedelta(hours=7 * place)
        )


def seed_stock() -> int:
    """Opening stock, received into the shelves by the warehouse; SKUs that ever moved are left alone.

    Each product has a rack and each colour a shelf of it. Returns the pieces received.
    """
    shelves = _shelves()
    moved = set(Movement.objects.values_list("stockrecord_id", flat=True))
    records = dict(StockRecord.objects.filter(partner__code="own").values_list("partner_sku", "pk"))
    warehouse.store()
    store = Bin.objects.values_list("pk", flat=True).get(code=warehouse.STORE_BIN)
    rows = []
    for row in data.products():
        for item in row.items:
            pk = records.get(item.sku)
            if not item.stock or pk is None or pk in moved or warehouse.is_kept_by_lots(row):
                continue
            away = warehouse.store_pieces(row, item)
            rows.append(Received(pk, shelves[row.number, item.colour.code], item.stock - away))
            rows += [Received(pk, store, away)] if away else []
    pieces = receive_many(rows, why=OPENING, kind=BOOKS_BEGIN) if rows else 0
    warehouse.seed_packs()
    return pieces + warehouse.seed_lots(shelves, OPENING)


def _shelves() -> dict[tuple[int, str], int]:
    place = site()
    found: dict[tuple[int, str], int] = {}
    bins = dict(Bin.objects.values_list("code", "pk"))
    letters = zip(data.categories(), "ABCDEFGHJKLMNP", strict=False)
    zones = {category.key: letter for category, letter in letters}
    names = {zones[category.key]: category.de for category in data.categories()}
    for turn, row in enumerate(data.products()):
        for level, shade in enumerate(row.shades):
            zone = zones[row.category]
            code = f"{zone}-{row.number % 100:02d}-{level + 1}"
            if code not in bins:
                row_zone = place_zone(site=place, code=zone, sequence=100 + ord(zone))
                Zone.objects.filter(pk=row_zone.pk, name="").update(name=names[zone])
                bins[code] = Bin.objects.create(
                    site=place, code=code, zone=row_zone, sequence=(turn + 1) * 100 + level
                ).pk
            found[row.number, shade.code] = bins[code]
    return found
