"""Reads of the range, each with a constant number of SQL statements whatever the size of the range.

The rows that are filtered and counted are stock records (one per variant): colour, size, price and stock must hold
for the same variant. ``shown`` is the product with the page: the parent of a variant, or the product itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from shop.kernel.asked_once import AskedOnce
from shop.kernel.by_ids import RowsByIds
from shop.kernel.money import to_decimal
from shop.kernel.parts import Parts
from shop.kernel.sharing import OF_LISTS

from .campaigns import (
    Campaign,
    beginnings,
    on_offer,
    range_ids_named,
    running,
    with_prices_before,
    with_ranges,
)
from .filters import PER_PAGE, PRICE_BANDS, ListWishes
from .models import (  # type: ignore[attr-defined]
    Colour,
    Product,
    ProductCategory,
    ProductImage,
)
from .partner.models import StockRecord
from .shown import note
from .tree import Node, tree

IN_STOCK = Q(backorderable=True) | Q(num_in_stock__gt=F("num_allocated"))
SHOWN = Coalesce("product__parent_id", "product_id")
SHOWN_BY_RECORD = Coalesce("stockrecord__product__parent_id", "stockrecord__product_id")


#: What is said of an article's price and stock, and how it is named on paper.
OFFER_FIELDS = (
    "price",
    "price_currency",
    "reference_price_minor",
    "num_in_stock",
    "num_allocated",
    "backorderable",
    "partner_sku",
)
FACETS_KEPT_S = 60
EXACT_UP_TO = 5_000  #: products of a list whose filters are counted one by one
PART_MIN = 3  #: letters of a word that is looked for within the names of categories
SAMPLE = 2_000  #: products looked at for the filters of a longer list


Row = tuple[Product, list[StockRecord], list[ProductImage]]
Moments = tuple[dt.datetime, ...]
#: Products as they were read last, with variants, colours and pictures: what is written of them, in which ranges of
#: campaigns they are, and what they cost before some moments (a part of the key). Price and stock are never taken from
#: here.
_read = Parts(most=300, names=OF_LISTS)


@dataclass(frozen=True)
class Counted:
    """Values of each filter with how many products have them; without ``exact`` the numbers are not to be shown."""

    values: dict[str, dict[str, int]]
    exact: bool


@dataclass(frozen=True)
class Found:
    """One page of a list: ids of the products shown, in order, and how many there are in all."""

    ids: list[int]
    total: int
    page: int
    pages: int
    uncounted: frozenset[str] = frozenset()  #: filters the list would have too, and nobody counts for it


def offered() -> QuerySet[StockRecord]:
    """Every variant that may be shown: public, as is its parent, and with a price."""
    return StockRecord.objects.filter(
        Q(product__parent=None) | Q(product__parent__is_public=True),
        product__is_public=True,
        price__isnull=False,
    )


def _products(wishes: ListWishes, category_ids: Sequence[int] | None) -> QuerySet[Product]:
    """Products with a page of their own that fulfil what is wished of the product: category, words, brand."""
    products = Product.objects.filter(parent=None, is_public=True)
    if category_ids is not None:
        members = ProductCategory.objects.filter(category_id__in=category_ids).values("product_id")
        products = products.filter(pk__in=members)
    if wishes.category:
        members = ProductCategory.objects.filter(category_id__in=_with_all_below(wishes.category))
        products = products.filter(pk__in=members.values("product_id"))
    if wishes.rating:
        products = products.filter(rating__gte=min(int(stars) for stars in wishes.rating))
    for word in wishes.words:
        products = products.filter(Q(search_text__contains=word) | _stands_in(word))
    return products.filter(maker_id__in=[int(pk) for pk in wishes.brand]) if wishes.brand else products


def _stands_in(word: str) -> Q:
    """Products in a category with the word in its name, in any language, or below one. No query of its own: the range
    is remembered."""
    found = {pk for node in tree().by_id.values() if _is_named(node, word) for pk in node.ids_below}
    members = ProductCategory.objects.filter(category_id__in=sorted(found))
    return Q(pk__in=members.values("product_id")) if found else Q()


def _is_named(node: Node, word: str) -> bool:
    """Whether a word is a part of the name, or, where it is so short that it is a part of most, a word of it."""
    return word in (node.names if len(word) >= PART_MIN else node.names.split())


def _with_all_below(category_ids: Iterable[str]) -> list[int]:
    """Ids of categories and of all below them; unknown ones are left out."""
    known = tree().by_id
    return [pk for one in category_ids if int(one) in known for pk in known[int(one)].ids_below]


def _variants(wishes: ListWishes) -> QuerySet[StockRecord]:
    """Variants that fulfil what is wished of the variant: colour, size, price, stock, whether it is on offer."""
    records = StockRecord.objects.filter(product__is_public=True, price__isnull=False)
    if wishes.colour:
        codes = Colour.objects.filter(code__in=wishes.colour).values("pk")
        records = records.filter(product__colour_id__in=Subquery(codes))
    if wishes.size:
        records = records.filter(product__size__in=wishes.size)
    if wishes.price:
        records = records.filter(_in_bands(wishes.price))
    if wishes.available:
        records = records.filter(IN_STOCK)
    return records.filter(on_offer(sorted(wishes.campaigns))) if wishes.offer else records


def _in_bands(bands: Iterable[str]) -> Q:
    condition = Q()
    for low, high in (PRICE_BANDS[band] for band in bands):
        one = Q(price__gte=to_decimal(low))
        condition |= one & Q(price__lt=to_decimal(high)) if high is not None else one
    return condition


def _own_or_childs(records: QuerySet[StockRecord]) -> tuple[QuerySet[StockRecord], QuerySet[StockRecord]]:
    """The records of a product's variants, and of the product itself, for use in a subquery on products."""
    return records.filter(product__parent_id=OuterRef("pk")), records.filter(product_id=OuterRef("pk"))


def find(
    wishes: ListWishes,
    category_ids: Sequence[int] | None = None,
    per_page: int = PER_PAGE,
    shelves: Sequence[int] = (),
) -> Found:
    """One page of the products that fulfil the wishes. Two queries; a page past the end is the last one.

    ``shelves``: categories by which the list could be narrowed, should something of it stand there.
    """
    of_variants, own = _own_or_childs(_variants(wishes))
    products = _products(wishes, category_ids).filter(Exists(of_variants) | Exists(own))
    shelved = ProductCategory.objects.filter(category_id__in=shelves).values("product_id")
    # One look for the whole list that ends at the first product, not one at each of them.
    any_shelved = When(Exists(products.filter(pk__in=shelved)), then=Value(1))
    seen = products.aggregate(
        total=Count("pk"),
        best=Max("rating"),
        shelved=Max(Case(any_shelved, default=Value(0), output_field=IntegerField())),
    )
    total = seen["total"]
    pages = max(1, -(-total // per_page))
    page = min(wishes.page, pages)
    start = (page - 1) * per_page
    rows = _ordered(products, wishes).values_list("pk", flat=True)[start : start + per_page] if total else []
    # Where a value is chosen, the others of its filter are not looked at: they may have something, so they are missing.
    would_be = {
        "category": wishes.category or seen["shelved"],
        "rating": wishes.rating or (seen["best"] or 0) >= 1,
    }
    uncounted = frozenset(key for key, is_there in would_be.items() if is_there)
    return Found(list(rows), total, page, pages, uncounted)


def _ordered(products: QuerySet[Product], wishes: ListWishes) -> QuerySet[Product]:
    """Products in the order wished for; the newest first where nothing else decides."""
    if wishes.sort in ("price", "-price"):
        cheapest = [
            Subquery(rows.order_by("price").values("price")[:1]) for rows in _own_or_childs(_variants(wishes))
        ]
        sign = "-" if wishes.sort == "-price" else ""
        return products.annotate(low=Coalesce(*cheapest)).order_by(f"{sign}low", "-pk")
    if wishes.sort == "name":
        return products.order_by("title", "pk")
    if wishes.sort == "relevance" and wishes.words:
        has = Q()
        for word in wishes.words:
            has |= Q(title__icontains=word)
        in_title = Case(When(has, then=1), default=0, output_field=IntegerField())
        return products.annotate(in_title=in_title).order_by("-in_title", "-pk")
    return products.order_by("-pk")


def _counted(wishes: ListWishes, category_ids: Sequence[int] | None, *, exact: bool) -> QuerySet[StockRecord]:
    """The variants behind the list, for counting: all, or those of the newest products."""
    records = _variants(wishes).filter(Q(product__parent=None) | Q(product__parent__is_public=True))
    of_product = wishes.words or wishes.brand or wishes.category or wishes.rating
    if exact and category_ids is None and not of_product:
        return records
    pages = _products(wishes, category_ids).values("pk")
    if not exact:
        pages = pages.order_by("-pk")[:SAMPLE]
    return records.filter(
        product_id__in=Product.objects.filter(Q(parent_id__in=pages) | Q(pk__in=pages)).values("pk")
    )


def facets(wishes: ListWishes, category_ids: Sequence[int] | None, total: int) -> Counted:
    """How many products each value of each filter would leave: ``{"colour": {"3": 12, ...}, ...}``.

    A filter's own selection does not narrow its own counts, so that a second value can be added. One query; the
    answer is kept for FACETS_KEPT_S seconds (the products, their prices and their number never are). ``total`` is
    how many products the list has: beyond EXACT_UP_TO the values are taken from the newest SAMPLE of them.
    """
    narrowing = replace(wishes, sort="", page=1, q="")
    key = f"facets:{hash_of((category_ids, narrowing))}"
    kept = cache.get(key)
    if not isinstance(kept, Counted):  # another version kept something else
        kept = _facets(wishes, category_ids, exact=total <= EXACT_UP_TO)
        cache.set(key, kept, FACETS_KEPT_S)
    return kept


def hash_of(value: object) -> str:
    """A short key for a value made of plain things; sets count by content."""
    return sha256(repr(_plain(value)).encode()).hexdigest()[:32]


def _plain(value: object) -> object:
    if isinstance(value, ListWishes):
        return [_plain(getattr(value, name)) for name in value.__dataclass_fields__]
    return sorted(value) if isinstance(value, frozenset) else value


def _facets(wishes: ListWishes, category_ids: Sequence[int] | None, *, exact: bool) -> Counted:
    band = Case(
        *(When(_in_bands([name]), then=Value(name)) for name in PRICE_BANDS),
        default=Value(""),
        output_field=CharField(),
    )
    expressions: dict[str, Any] = {
        "colour": F("product__colour__code"),
        "size": F("product__size"),
        "brand": Cast(Coalesce("product__parent__maker_id", "product__maker_id"), CharField()),
        "price": band,
        "available": Case(When(IN_STOCK, then=Value("1")), default=Value(""), output_field=CharField()),
        "offer": Case(
            When(on_offer(sorted(wishes.campaigns)), then=Value("1")),
            default=Value(""),
            output_field=CharField(),
        ),
    }
    parts = [
        _counted(wishes.without(key), category_ids, exact=exact)
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
    return Counted(counted, exact)


def newest(limit: int) -> list[int]:
    """Ids of the newest products of which something is available. One query."""
    of_variants, own = _own_or_childs(_variants(ListWishes(available=True)))
    products = Product.objects.filter(Exists(of_variants) | Exists(own), parent=None, is_public=True)
    return list(products.order_by("-pk").values_list("pk", flat=True)[:limit])


def products_with(ids: Sequence[int], campaigns: Sequence[Campaign] | None = None) -> list[Row]:
    """Products with their offered variants and pictures, in the order of ``ids``. Three queries for those that this
    process has not just read, else one: price and stock are always those of this moment. ``campaigns``: those of this
    moment, where the caller has asked for them already; ``price_before()`` knows the prices before them."""
    fresh: set[int] = set()
    moments = beginnings(running() if campaigns is None else campaigns)

    def read(missing: list[tuple[int, Moments]]) -> dict[tuple[int, Moments], Row]:
        fresh.update(pk for pk, _moments in missing)
        rows = _read_products([pk for pk, _moments in missing], moments)
        return {(pk, moments): row for pk, row in rows.items()}

    keys = [(pk, moments) for pk in ids]
    found = {pk: row for (pk, _moments), row in _read.many(keys, read).items()}
    known = {pk: row for pk, row in found.items() if pk not in fresh}
    found |= _as_of_now(known) if known else {}
    for pk, (_product, records, _images) in found.items():
        note(pk, records)
    return [found[pk] for pk in ids if pk in found]


_offered_now = RowsByIds(
    lambda ids: StockRecord.objects.filter(pk__in=ids, price__isnull=False).values_list("pk", *OFFER_FIELDS)
)


def _as_of_now(rows: dict[int, Row]) -> dict[int, Row]:
    """The same products with price and stock of this moment; variants that are gone are left out. One query."""
    ids = [record.pk for _product, records, _images in rows.values() for record in records]
    now_true = {row[0]: row for row in _offered_now.rows(ids)}
    return {
        pk: (
            product,
            [_with_offer(record, now_true[record.pk]) for record in records if record.pk in now_true],
            images,
        )
        for pk, (product, records, images) in rows.items()
    }


def _with_offer(record: StockRecord, row: tuple[Any, ...]) -> StockRecord:
    """The record as the row says: itself where nothing differs, else a copy (others are looking at this one)."""
    if row[1:] == tuple(getattr(record, name) for name in OFFER_FIELDS):
        return record
    changed = copy(record)
    for name, value in zip(OFFER_FIELDS, row[1:], strict=True):
        setattr(changed, name, value)
    return changed


_products_by_id: AskedOnce[Product] = AskedOnce(
    lambda ids: Product.objects.filter(pk__in=ids, parent=None, is_public=True).select_related("maker")
)
_images_of: AskedOnce[ProductImage] = AskedOnce(
    lambda ids: (
        ProductImage.objects.filter(product_id__in=ids)
        .select_related("colour")
        .order_by("display_order", "pk")
    )
)


def _records_asked(ids: list[int], range_ids: tuple[int, ...], moments: Moments) -> QuerySet[StockRecord]:
    wanted = Product.objects.filter(Q(parent_id__in=ids) | Q(pk__in=ids))
    offers = with_ranges(offered().filter(product_id__in=wanted.values("pk")), range_ids)
    return with_prices_before(offers, moments).select_related("product__colour").order_by("pk")


_records_of: AskedOnce[StockRecord] = AskedOnce(_records_asked)


def _read_products(ids: Sequence[int], moments: Moments) -> dict[int, Row]:
    """The rows themselves, with the prices before ``moments``. Three queries."""
    products = {product.pk: product for product in _products_by_id.rows(ids)}
    records: dict[int, list[StockRecord]] = {pk: [] for pk in products}
    for record in _records_of.rows(products, fixed=(range_ids_named(), moments)):
        records[record.product.parent_id or record.product_id].append(record)
    images: dict[int, list[ProductImage]] = {pk: [] for pk in products}
    for image in _images_of.rows(products):
        images[image.product_id].append(image)
    return {pk: (products[pk], records[pk], images[pk]) for pk in products}
