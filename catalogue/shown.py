"""What a page says about price and stock: noted while it is made, compared afterwards with what is true by then.

A page is compared with the very rows it was made from, so nothing can come in between unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from typing import Any

from django.db.models import F, IntegerField, Value
from django.db.models.functions import Coalesce, Greatest, Least

from .models import Product
from .partner.models import StockRecord

Facts = dict[int, list[tuple[Any, ...]]]
PIECES_SAID = 10  #: no page says of more pieces how many there are: 11 and 9,999 look the same
FIELDS = (
    "pk",
    "price",
    "price_currency",
    "reference_price_minor",
    "said",
    "backorderable",
    "product__is_public",
)
_noted: ContextVar[Facts | None] = ContextVar("products_shown", default=None)


@contextmanager
def collecting() -> Iterator[Facts]:
    """Note which products are read within the block, with what was said of their price and stock."""
    facts: Facts = {}
    token = _noted.set(facts)
    try:
        yield facts
    finally:
        _noted.reset(token)


def note(product_id: int, records: Iterable[StockRecord]) -> None:
    """A page shows this product by these records (of itself or its variants). Nothing happens where nobody collects."""
    facts = _noted.get()
    if facts is not None:
        facts[product_id] = [facts_of(record) for record in records]


def facts_of(record: StockRecord) -> tuple[Any, ...]:
    """What a page says of this record, in the order of FIELDS."""
    return (
        record.pk,
        record.price,
        record.price_currency,
        record.reference_price_minor,
        pieces_said(record),
        record.backorderable,
        record.product.is_public,
    )


def pieces_said(record: StockRecord) -> int:
    """How many pieces a page may speak of: those that may be promised, PIECES_SAID at most. So an order of one piece
    of many changes no page."""
    return min(record.available, PIECES_SAID)


def now_true(product_ids: Iterable[int]) -> Facts:
    """What a page would say of these products now. One query, none for no products.

    Variants and products of their own are asked for apart: with OR over two tables PostgreSQL reads the whole range.
    """
    facts: Facts = {pk: [] for pk in product_ids}
    if not facts:
        return facts
    records = StockRecord.objects.filter(price__isnull=False, product__is_public=True).annotate(
        shown=Coalesce(F("product__parent_id"), F("product_id")),
        said=Greatest(
            Least(F("num_in_stock") - F("num_allocated"), Value(PIECES_SAID), output_field=IntegerField()),
            Value(0),
            output_field=IntegerField(),
        ),
    )
    variants = Product.objects.filter(parent_id__in=list(facts))
    of_variants = records.filter(product_id__in=variants.values("pk")).order_by()
    own = records.filter(product_id__in=list(facts), product__parent=None).order_by()
    rows = of_variants.values_list("shown", *FIELDS).union(own.values_list("shown", *FIELDS), all=True)
    for shown, *row in rows:
        if shown in facts:
            facts[shown].append(tuple(row))
    return facts


def digest(facts: Facts) -> str:
    """A short mark of the facts; equal marks mean that the page still says the truth."""
    plain = [
        (product_id, sorted((pk, f"{price:.2f}", *rest) for pk, price, *rest in rows))
        for product_id, rows in sorted(facts.items())
    ]
    return sha256(repr(plain).encode()).hexdigest()[:32]
