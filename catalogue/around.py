"""What stands around a product on its page, read in one query and remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet, Subquery, Value

from shop.kernel.asked_once import AskedOnce
from shop.kernel.parts import Parts

from .models import BoughtTogether, Product, ProductCategory  # type: ignore[attr-defined]

_around = Parts(most=1_000)


@dataclass(frozen=True)
class Around:
    """What stands around a product: its categories, what is bought with it, what stands beside it."""

    category_ids: list[int]
    together: list[int]
    siblings: list[int]


def around(product_id: int, limit: int) -> Around:
    """Categories of a product (in their order), and up to ``limit`` others each: those most often bought with it,
    and the newest of its categories. One query, whatever the size of the range; none while this process remembers."""
    return _around.kept((product_id, limit), lambda: _read_around(product_id, limit))


def _asked(ids: list[int], limit: int) -> QuerySet[Any, tuple[str, int, int]]:
    """Kind, place and what is found, of one product."""
    (product_id,) = ids
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
    return rows.order_by().union(
        together.order_by()
        .annotate(kind=Value("t"), place=-F("orders"), found=F("other_id"))
        .values_list("kind", "place", "found"),
        siblings.order_by()
        .annotate(kind=Value("s"), place=-F("pk"), found=F("pk"))
        .values_list("kind", "place", "found"),
        all=True,
    )


_rows: AskedOnce[tuple[str, int, int]] = AskedOnce(_asked)


def _read_around(product_id: int, limit: int) -> Around:
    found: dict[str, list[tuple[int, int]]] = {"c": [], "t": [], "s": []}
    for kind, place, one in _rows.rows([product_id], fixed=(limit,)):
        found[kind].append((place, one))
    category_ids, together_ids, sibling_ids = (
        [one for _place, one in sorted(found[kind])] for kind in ("c", "t", "s")
    )
    return Around(category_ids, together_ids[:limit], sibling_ids[:limit])
