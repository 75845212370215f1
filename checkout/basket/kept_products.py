"""Lines of a basket as the shopper's pages read them: price and stock of this moment, and what is written of the
articles as this process remembers it. Two thirds of what a line is made of are words that hardly ever change."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from catalogue.models import Product
from shop.kernel.parts import Parts
from shop.kernel.sharing import WORDS

from . import kept_offers
from .models import Basket, Line  # type: ignore[attr-defined]

#: Variants with product and colour, until a word of any is changed. Never changed by who gets them: others do as well.
_products = Parts(most=1_000, names=(WORDS,))


def read_lines(rows: QuerySet[Any]) -> list[Any]:
    """The lines of a query with stock, product and colour, in the order in which they were put in. One query while the
    articles are remembered (a quarter of a second after a change at most)."""
    lines = rows.annotate(voucher_count=Basket.voucher_count()).order_by("pk")
    if not settings.PARTS_KEPT_S:
        return list(lines.select_related("stockrecord", "product__parent", "product__colour"))
    found = list(lines.annotate(**kept_offers.columns()).select_related("stockrecord"))
    products = _products.many(sorted({line.product_id for line in found}), _read)
    for line in found:
        if line.product_id in products:
            line.product = products[line.product_id]
    return found


def bring_lines(basket: Any, **columns: Any) -> None:
    """Read the lines of a basket for the rest of the request, unless they are read already. ``columns``: further ones,
    as expressions by name."""
    if basket.pk is not None and basket._lines is None:
        basket.bring_lines(read_lines(Line.objects.filter(basket_id=basket.pk).annotate(**columns)))


def _read(ids: list[int]) -> dict[int, Product]:
    return {one.pk: one for one in Product.objects.filter(pk__in=ids).select_related("parent", "colour")}
