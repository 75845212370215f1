"""Which articles an Oscar range holds, for the basket, the index and the lists: one rule, asked in two ways.

An article is in a range when it or its product is named, is of a named class, or stands in a named category or below
one; of a range of everything, when it stands in no category that is left out. An article that is left out by name, or
whose product is, is never in it (Oscar forgets the variants of a product left out of everything). ``members()`` says it
of articles in memory, ``holding()`` as a condition in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from oscar.apps.offer.models import ConditionalOffer, Range, RangeProduct

from .models import Category, Product, ProductCategory  # type: ignore[attr-defined]

Named = RangeProduct
LeftOut = Range.excluded_products.through
Classes = Range.classes.through
Inside = Range.included_categories.through
Outside = Range.excluded_categories.through

#: Kinds of facts, and where they stand: table, column of the first number, of the second, of the path of a category.
_KINDS: dict[str, tuple[Any, str, str, str]] = {
    "named": (Named, "range_id", "product_id", ""),
    "not": (LeftOut, "range_id", "product_id", ""),
    "class": (Classes, "range_id", "productclass_id", ""),
    "in": (Inside, "range_id", "category_id", "category__path"),
    "out": (Outside, "range_id", "category_id", "category__path"),
    "stands": (ProductCategory, "product_id", "category_id", "category__path"),
    "combines": (ConditionalOffer.combinations.through, "from_conditionaloffer_id", "to_conditionaloffer_id", ""),
}  # fmt: skip
_OF_ARTICLES = ("named", "not")  #: kinds of which a range may have as many as the shop has articles


class OneRange(Protocol):
    """What is asked of a range."""

    @property
    def pk(self) -> Any:
        """Its id."""

    @property
    def includes_all_products(self) -> Any:
        """Whether it holds everything but what is left out."""


@dataclass
class Facts:
    """What ranges name, by range and kind (categories by their path); the categories products stand in, with all above
    them; which offers combine."""

    ranges: dict[int, dict[str, set[Any]]] = field(default_factory=dict)
    standing: dict[int, set[str]] = field(default_factory=dict)
    combinations: dict[int, set[int]] = field(default_factory=dict)


def facts(
    range_ids: Sequence[int],
    products: Sequence[Any],
    *,
    among: QuerySet[Any] | None = None,
    combinations: bool = False,
) -> Facts:
    """What has to be known to say which of ``products`` (variants with their ``parent``, or products of their own) are
    in the ranges. One query, none where there is nothing to ask.

    ``among``: a query for the ids of products and parents, where they are too many to name. ``combinations``: also
    which offers combine.
    """
    known = Facts({pk: {kind: set() for kind in ("named", "not", "class", "in", "out")} for pk in range_ids})
    pages = {product.parent_id or product.pk for product in products}
    articles: Any = among if among is not None else {product.pk for product in products} | pages
    parts = []
    for number, (kind, (table, first, second, path)) in enumerate(_KINDS.items()):
        if (kind == "combines" and not combinations) or (kind != "combines" and not range_ids):
            continue
        rows = table.objects.order_by()
        if first == "range_id":
            rows = rows.filter(range_id__in=range_ids)
        if kind in _OF_ARTICLES:
            rows = rows.filter(product_id__in=articles)
        elif kind == "stands":
            rows = rows.filter(product_id__in=pages if among is None else among)
        place = Cast(F(path), CharField()) if path else Value("", CharField())
        parts.append(
            rows.annotate(kind=Value(number, IntegerField()), place=place).values_list(
                "kind", first, second, "place"
            )
        )
    names = list(_KINDS)
    for number, one, other, path in parts[0].union(*parts[1:], all=True) if parts else ():
        kind = names[number]
        if kind == "combines":
            known.combinations.setdefault(one, set()).add(other)
        elif kind == "stands":
            known.standing.setdefault(one, set()).update(_above(path))
        else:
            known.ranges[one][kind].add(path or other)
    return known


def _above(path: str) -> Iterator[str]:
    """The path of a category and of all above it."""
    step = Category.steplen
    return (path[:end] for end in range(step, len(path) + 1, step))


def members(ranges: Iterable[OneRange], products: Sequence[Any], known: Facts) -> dict[int, set[int]]:
    """For each range the ids of those ``products`` that are in it, of facts already read."""
    found: dict[int, set[int]] = {}
    for one in ranges:
        of_range = known.ranges[one.pk]
        found[one.pk] = {
            product.pk for product in products if _holds(product, of_range, known, bool(one.includes_all_products))
        }  # fmt: skip
    return found


def _holds(product: Any, of_range: dict[str, set[Any]], known: Facts, everything: bool) -> bool:
    own = {product.pk, product.parent_id} - {None}
    if own & of_range["not"]:
        return False
    places = known.standing.get(product.parent_id or product.pk, set())
    if everything:
        return not places & of_range["out"]
    classes = {product.product_class_id, getattr(product.parent, "product_class_id", None)}
    return bool(own & of_range["named"] or classes & of_range["class"] or places & of_range["in"])


def holding(range_ids: Sequence[int]) -> Q:
    """For stock records: whether the article is in one of the ranges. The same SQL for any number of ranges."""
    return Q(Exists(_holders(range_ids))) if range_ids else Q(pk__in=[])


def held_by(range_ids: Sequence[int]) -> Subquery:
    """For stock records: in which of the ranges (62 at most) the article is, as a number with a bit for each."""
    bits = Case(*(When(pk=pk, then=Value(1 << place)) for place, pk in enumerate(range_ids)))
    added = Sum(bits, output_field=BigIntegerField())
    rows = _holders(range_ids).annotate(all_of_them=Value(1)).values("all_of_them").annotate(bits=added)
    return Subquery(rows.values("bits"), output_field=BigIntegerField())


def _holders(range_ids: Sequence[int]) -> QuerySet[Range]:
    """Those of the ranges that hold the article of a stock record, for use in a subquery."""
    article, product = OuterRef(OuterRef("product_id")), OuterRef(OuterRef("product__parent_id"))
    own, of_range = Q(product_id=article) | Q(product_id=product), Q(range_id=OuterRef("pk"))
    of_kind = Q(productclass_id=OuterRef(OuterRef("product__product_class_id"))) | Q(
        productclass_id=OuterRef(OuterRef("product__parent__product_class_id"))
    )
    page = OuterRef(OuterRef(OuterRef("product__parent_id")))
    alone = OuterRef(OuterRef(OuterRef("product_id")))
    standing = ProductCategory.objects.filter(
        product_id=Coalesce(page, alone), category__path__startswith=OuterRef("category__path")
    )
    there = Exists(standing)
    named = Exists(Named.objects.filter(own, of_range))
    left_out = Exists(LeftOut.objects.filter(own, of_range))
    of_class = Exists(Classes.objects.filter(of_kind, of_range))
    inside = Exists(Inside.objects.filter(there, of_range))
    outside = Exists(Outside.objects.filter(there, of_range))
    some = Q(includes_all_products=False) & (named | of_class | inside)
    every = Q(includes_all_products=True) & ~outside
    return Range.objects.filter(some | every, ~left_out, pk__in=list(range_ids)).order_by()


def pages_of(some: Sequence[OneRange]) -> QuerySet[Product]:
    """The products with a page of which one of the ranges may hold something: all they hold, and those that are left
    out. One query more for categories."""
    pages = Product.objects.filter(parent=None)
    if any(one.includes_all_products for one in some):
        return pages
    ids = [one.pk for one in some]
    named = Named.objects.filter(range_id__in=ids).values("product_id")
    parents = Product.objects.filter(pk__in=named, parent__isnull=False).values("parent_id")
    classes = Classes.objects.filter(range_id__in=ids).values("productclass_id")
    of_class = Product.objects.filter(product_class__in=classes)
    paths = list(Inside.objects.filter(range_id__in=ids).values_list("category__path", flat=True))
    return pages.filter(
        Q(pk__in=named)
        | Q(pk__in=parents)
        | Q(pk__in=of_class.values("pk"))
        | Q(pk__in=of_class.filter(parent__isnull=False).values("parent_id"))
        | Q(pk__in=standing_below(paths))
    )


def pages_holding(range_ids: Sequence[int]) -> tuple[int, ...]:
    """Ids of the products with a page that hold an article of one of the ranges on which an offer can give something
    (whatever it costs), in order. Four queries; without a subquery for each article, as ``holding()`` has, it takes a
    tenth of the time for 100,000."""
    inside, outside = _paths(Inside, range_ids), _paths(Outside, range_ids)
    held = Q(pk__in=[])
    for one in Range.objects.filter(pk__in=list(range_ids)):
        held |= _articles_of(one, inside.get(one.pk, []), outside.get(one.pk, []))
    articles = Product.objects.filter(held, is_public=True, is_discountable=True).order_by()
    shown = articles.filter(Q(parent=None) | Q(parent__is_public=True)).exclude(structure=Product.PARENT)
    return tuple(sorted(set(shown.values_list(Coalesce("parent_id", "pk"), flat=True))))


def _paths(links: Any, range_ids: Sequence[int]) -> dict[int, list[str]]:
    """The paths of categories by the ranges they are linked with."""
    found: dict[int, list[str]] = {}
    rows = links.objects.filter(range_id__in=list(range_ids)).order_by("pk")
    for range_id, path in rows.values_list("range_id", "category__path"):
        found.setdefault(range_id, []).append(path)
    return found


def _articles_of(one: OneRange, inside: Sequence[str], outside: Sequence[str]) -> Q:
    """For products and variants: whether the range holds them."""

    def named_in(links: Any) -> Q:
        ids = links.objects.filter(range_id=one.pk).values("product_id")
        return Q(pk__in=ids) | Q(parent_id__in=ids)

    def stands_below(paths: Sequence[str]) -> Q:
        standing = standing_below(paths)
        return Q(parent_id__in=standing) | Q(parent=None, pk__in=standing)

    if one.includes_all_products:
        held = ~stands_below(outside) if outside else Q(pk__gt=0)
    else:
        classes = Classes.objects.filter(range_id=one.pk).values("productclass_id")
        held = named_in(Named) | Q(product_class__in=classes) | Q(parent__product_class__in=classes)
        if inside:
            held |= stands_below(inside)
    return held & ~named_in(LeftOut)


def standing_below(paths: Sequence[str]) -> QuerySet[Any]:
    """The ids of products that stand in categories with these paths, or below them."""
    below = Q(pk__in=[])
    for path in paths:
        below |= Q(category__path__startswith=path)
    return ProductCategory.objects.filter(below).values("product_id")
