"""Which products a page of the shop window shows: the newest or the reduced ones, of several categories at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from .models import Product, ProductCategory
from .partner.models import StockRecord
from .queries import offered

SHOWN_MAX = 12  #: of one group
Groups = Mapping[int, Sequence[int] | None]


def newest_of(groups: Groups) -> dict[int, list[int]]:
    """Ids of the newest available products of each group, the newest first.

    A group is a list of category ids, None for the whole range. Two queries at most, for any number of groups.
    """
    return _of(groups, _with(Q(num_in_stock__gt=F("num_allocated")) | Q(backorderable=True)))


def reduced_of(groups: Groups) -> dict[int, list[int]]:
    """Ids of available products whose reduction is announced, as ``newest_of``."""
    available = Q(num_in_stock__gt=F("num_allocated")) | Q(backorderable=True)
    return _of(groups, _with(available & Q(reference_price_minor__gt=F("price") * 100)))


Offers = Callable[[str], Q]


def _with(wanted: Q) -> Offers:
    """Products of which an offer fits: ``product`` is the path to the product's id."""

    def of(product: str) -> Q:
        records: QuerySet[StockRecord] = offered().filter(wanted)
        own = records.filter(product_id=OuterRef(product))
        of_variants = records.filter(product__parent_id=OuterRef(product))
        return Q(Exists(of_variants)) | Q(Exists(own))

    return of


def _of(groups: Groups, fits: Offers) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if any(ids is None for ids in groups.values()):
        rows = Product.objects.filter(fits("pk"), parent=None, is_public=True).order_by("-pk")
        everything = list(rows.values_list("pk", flat=True)[:SHOWN_MAX])
        found.update({group: everything for group, ids in groups.items() if ids is None})
    wanted = {pk for ids in groups.values() if ids is not None for pk in ids}
    if wanted:
        best = _best_of(wanted, fits)
        found.update({group: _merged(best, ids) for group, ids in groups.items() if ids is not None})
    return found


def _best_of(categories: Iterable[int], fits: Offers) -> dict[int, list[int]]:
    """The newest fitting products of each single category. One query."""
    place = Window(RowNumber(), partition_by=[F("category_id")], order_by=F("product_id").desc())
    rows = (
        ProductCategory.objects.filter(
            fits("product_id"),
            category_id__in=list(categories),
            product__is_public=True,
            product__parent=None,
        )
        .annotate(place=place)
        .filter(place__lte=SHOWN_MAX)
    )
    best: dict[int, list[int]] = {}
    for category_id, product_id in rows.values_list("category_id", "product_id"):
        best.setdefault(category_id, []).append(product_id)
    return best


def _merged(best: Mapping[int, Sequence[int]], categories: Sequence[int]) -> list[int]:
    """The newest of a group are among the newest of each of its categories."""
    ids = {pk for category in categories for pk in best.get(category, ())}
    return sorted(ids, reverse=True)[:SHOWN_MAX]
