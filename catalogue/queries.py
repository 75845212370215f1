"""Reads of the range, each with a constant number of SQL statements whatever the size of the range.

The rows that are filtered and counted are stock records (one per variant): colour, size, price and stock must hold
for the same variant. ``shown`` is the product with the page: the parent of a variant, or the product itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from shop.kernel.money import to_decimal

from .filters import PER_PAGE, PRICE_BANDS, ListWishes
from .models import Colour, Maker, Product, ProductCategory, ProductImage
from .partner.models import StockRecord

IN_STOCK = Q(backorderable=True) | Q(num_in_stock__gt=F("num_allocated"))
SHOWN = Coalesce("product__parent_id", "product_id")
TITLE = Coalesce("product__parent__title", "product__title")
SEARCHED = Coalesce("product__parent__search_text", "product__search_text")


@dataclass(frozen=True)
class Found:
    """One page of a list: ids of the products shown, in order, and how many there are in all."""

    ids: list[int]
    total: int
    page: int
    pages: int


def offered() -> QuerySet[StockRecord]:
    """Every variant that may be shown: public, as is its parent, and with a price."""
    return StockRecord.objects.filter(
        Q(product__parent=None) | Q(product__parent__is_public=True),
        product__is_public=True,
        price__isnull=False,
    )


def matching(wishes: ListWishes, category_ids: Sequence[int] | None = None) -> QuerySet[StockRecord]:
    """The variants that fulfil all wishes, within categories where given."""
    records = offered()
    if category_ids is not None:
        members = ProductCategory.objects.filter(category_id__in=category_ids).values("product_id")
        records = records.filter(Q(product__parent_id__in=members) | Q(product_id__in=members))
    if wishes.words:
        products = Product.objects.filter(parent=None, is_public=True)
        for word in wishes.words:
            products = products.filter(search_text__contains=word)
        found = products.values("pk")
        records = records.filter(Q(product__parent_id__in=found) | Q(product_id__in=found))
    if wishes.colour:
        records = records.filter(
            product__colour_id__in=Subquery(Colour.objects.filter(code__in=wishes.colour).values("pk"))
        )
    if wishes.size:
        records = records.filter(product__size__in=wishes.size)
    if wishes.brand:
        brands = [int(value) for value in wishes.brand]
        records = records.filter(Q(product__parent__maker_id__in=brands) | Q(product__maker_id__in=brands))
    if wishes.price:
        records = records.filter(_in_bands(wishes.price))
    if wishes.available:
        records = records.filter(IN_STOCK)
    return records.filter(reference_price_minor__isnull=False) if wishes.offer else records


def _in_bands(bands: Iterable[str]) -> Q:
    condition = Q()
    for low, high in (PRICE_BANDS[band] for band in bands):
        one = Q(price__gte=to_decimal(low))
        condition |= one & Q(price__lt=to_decimal(high)) if high is not None else one
    return condition


def find(wishes: ListWishes, category_ids: Sequence[int] | None = None, per_page: int = PER_PAGE) -> Found:
    """One page of the products that fulfil the wishes. Two queries; a page past the end is the last one."""
    records = matching(wishes, category_ids).annotate(shown=SHOWN)
    total = records.aggregate(n=Count("shown", distinct=True))["n"]
    pages = max(1, -(-total // per_page))
    page = min(wishes.page, pages)
    if not total:
        return Found([], 0, page, pages)
    rows = _ordered(records.values("shown"), wishes)
    start = (page - 1) * per_page
    return Found([row["shown"] for row in rows[start : start + per_page]], total, page, pages)


def _ordered(rows: Any, wishes: ListWishes) -> Any:
    """Products in the order wished for; the newest first where nothing else decides."""
    match wishes.sort:
        case "price":
            return rows.annotate(by=Min("price")).order_by("by", "-shown")
        case "-price":
            return rows.annotate(by=Min("price")).order_by("-by", "-shown")
        case "name":
            return rows.annotate(by=Min(TITLE)).order_by("by", "shown")
        case "relevance" if wishes.words:
            in_title = Case(When(_title_has(wishes.words), then=1), default=0, output_field=IntegerField())
            return rows.annotate(by=Max(in_title)).order_by("-by", "-shown")
        case _:
            return rows.annotate(by=Count("pk")).order_by("-shown")


def _title_has(words: Sequence[str]) -> Q:
    condition = Q()
    for word in words:
        condition |= Q(product__parent__title__icontains=word) | Q(product__title__icontains=word)
    return condition


def facets(wishes: ListWishes, category_ids: Sequence[int] | None = None) -> dict[str, dict[str, int]]:
    """How many products each value of each filter would leave: ``{"colour": {"3": 12, ...}, ...}``.

    A filter's own selection does not narrow its own counts, so that a second value can be added. One query.
    """
    band = Case(
        *(When(_in_bands([name]), then=Value(name)) for name in PRICE_BANDS),
        default=Value(""),
        output_field=CharField(),
    )
    expressions = {
        "colour": Cast("product__colour_id", CharField()),
        "size": F("product__size"),
        "brand": Cast(Coalesce("product__parent__maker_id", "product__maker_id"), CharField()),
        "price": band,
        "available": Case(When(IN_STOCK, then=Value("1")), default=Value(""), output_field=CharField()),
        "offer": Case(
            When(reference_price_minor__isnull=False, then=Value("1")),
            default=Value(""),
            output_field=CharField(),
        ),
    }
    parts = [
        matching(wishes.without(key), category_ids)
        .annotate(facet=Value(key, CharField()), option=Cast(expression, CharField()))
        .order_by()
        .values("facet", "option")
        .annotate(n=Count(SHOWN, distinct=True))
        .values_list("facet", "option", "n")
        for key, expression in expressions.items()
    ]
    counted: dict[str, dict[str, int]] = {key: {} for key in expressions}
    for key, option, n in parts[0].union(*parts[1:], all=True):
        if option:
            counted[key][option] = n
    return counted


def names_of(counted: dict[str, dict[str, int]]) -> tuple[dict[int, Colour], dict[int, Maker]]:
    """Colours and makers of the counted values. Two queries at most."""
    colours = Colour.objects.in_bulk([int(key) for key in counted["colour"]]) if counted["colour"] else {}
    makers = Maker.objects.in_bulk([int(key) for key in counted["brand"]]) if counted["brand"] else {}
    return colours, makers


def newest(limit: int) -> list[int]:
    """Ids of the newest products of which something is available. One query."""
    rows = offered().filter(IN_STOCK).annotate(shown=SHOWN).values("shown").annotate(by=Count("pk"))
    return [row["shown"] for row in rows.order_by("-shown")[:limit]]


def on_offer(limit: int) -> list[int]:
    """Ids of the newest products with an announced reduction that are available. One query."""
    rows = offered().filter(IN_STOCK, reference_price_minor__isnull=False).annotate(shown=SHOWN)
    return [row["shown"] for row in rows.values("shown").annotate(by=Count("pk")).order_by("-shown")[:limit]]


def products_with(ids: Sequence[int]) -> list[tuple[Product, list[StockRecord], list[ProductImage]]]:
    """Products with their offered variants and pictures, in the order of ``ids``. Three queries."""
    products = Product.objects.filter(pk__in=ids, is_public=True).select_related("maker").in_bulk()
    records: dict[int, list[StockRecord]] = {pk: [] for pk in products}
    wanted = Q(product__parent_id__in=list(products)) | Q(product_id__in=list(products))
    for record in offered().filter(wanted).select_related("product__colour").order_by("pk"):
        records[record.product.parent_id or record.product_id].append(record)
    images: dict[int, list[ProductImage]] = {pk: [] for pk in products}
    pictured = ProductImage.objects.filter(product_id__in=list(products)).select_related("colour")
    for image in pictured.order_by("display_order", "pk"):
        images[image.product_id].append(image)
    return [(products[pk], records[pk], images[pk]) for pk in ids if pk in products]


def category_ids_of(product_id: int) -> list[int]:
    """Ids of the categories a product stands in. One query."""
    rows = ProductCategory.objects.filter(product_id=product_id).order_by("pk")
    return list(rows.values_list("category_id", flat=True))


def related_ids(product_id: int, category_ids: Sequence[int], limit: int) -> list[int]:
    """Other products of the same categories, the newest first. One query."""
    if not category_ids:
        return []
    rows = (
        ProductCategory.objects.filter(category_id__in=category_ids, product__is_public=True)
        .exclude(product_id=product_id)
        .order_by("-product_id")
        .values_list("product_id", flat=True)
    )
    return list(dict.fromkeys(rows[: 2 * limit]))[:limit]
