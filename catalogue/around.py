"""What stands around a product on its page, read in one query and remembered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import F, Q, Subquery, Value

from shop.kernel.parts import Parts

from .models import BoughtTogether, Product, ProductCategory  # type: ignore[attr-defined]
from .partner.models import StockRecord
from .partner.prices import lowest_before_each

_around = Parts(most=1_000)


@dataclass(frozen=True)
class Around:
    """What stands around a product: its categories, what is bought with it, what stands beside it; and what its
    articles cost ``before``: by moment and stock record the lowest price of the 30 days before, in minor units."""

    category_ids: list[int]
    together: list[int]
    siblings: list[int]
    before: dict[tuple[dt.datetime, int], int] = field(default_factory=dict)


def around(product_id: int, limit: int, moments: tuple[dt.datetime, ...] = ()) -> Around:
    """Categories of a product (in their order), and up to ``limit`` others each: those most often bought with it,
    and the newest of its categories. One query, whatever the size of the range; none while this process remembers.

    ``moments``: in the past (the history before them does not change any more), for the prices before them.
    """
    return _around.kept((product_id, limit, moments), lambda: _read_around(product_id, limit, moments))


def _read_around(product_id: int, limit: int, moments: tuple[dt.datetime, ...]) -> Around:
    mine = ProductCategory.objects.filter(product_id=product_id)
    together = BoughtTogether.objects.filter(product_id=product_id, other__is_public=True)
    beside = (
        ProductCategory.objects.filter(category_id__in=mine.values("category_id"), product__is_public=True)
        .exclude(product_id=product_id)
        .order_by("-product_id")
        .values("product_id")
    )
    siblings = Product.objects.filter(pk__in=Subquery(beside[: 2 * limit]))
    rows = mine.annotate(kind=Value("c"), place=F("pk"), found=F("category_id")).values_list(
        "kind", "place", "found"
    )
    of_product = StockRecord.objects.filter(Q(product_id=product_id) | Q(product__parent_id=product_id))
    prices = [
        of_product.order_by()
        .annotate(kind=Value(str(number)), place=F("pk"), found=lowest_before_each(moment))
        .values_list("kind", "place", "found")
        for number, moment in enumerate(moments)
    ]
    found: dict[str, list[tuple[int, int]]] = {"c": [], "t": [], "s": []}
    before: dict[tuple[dt.datetime, int], int] = {}
    for kind, place, one in rows.order_by().union(
        together.order_by()
        .annotate(kind=Value("t"), place=-F("orders"), found=F("other_id"))
        .values_list("kind", "place", "found"),
        siblings.order_by()
        .annotate(kind=Value("s"), place=-F("pk"), found=F("pk"))
        .values_list("kind", "place", "found"),
        *prices,
        all=True,
    ):
        if kind in found:
            found[kind].append((place, one))
        elif one is not None:
            before[moments[int(kind)], place] = one
    category_ids, together_ids, sibling_ids = (
        [one for _place, one in sorted(found[kind])] for kind in ("c", "t", "s")
    )
    return Around(category_ids, together_ids[:limit], sibling_ids[:limit], before)
