"""Verbs of the range: what is searched for, and pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.core.files.base import ContentFile, File
from django.db import transaction

from .models import Product, ProductImage

log = logging.getLogger(__name__)

BATCH = 500  #: products per read and write


def search_words(product: Product, skus: Iterable[str], colours: Iterable[Any]) -> str:
    """Everything a shopper may type to find a product, in every language, in small letters."""
    texts = [
        product.title,
        product.description,
        product.material,
        product.maker.brand if product.maker else "",
    ]
    for language in product.texts.values():
        texts += [str(value) for value in language.values()]
    for colour in colours:
        texts += [colour.name, *(str(other.get("name", "")) for other in colour.texts.values())]
    texts += [product.upc or "", *skus]
    return " ".join(dict.fromkeys(" ".join(texts).lower().split()))


def refresh_search_text(*, products: Iterable[int] | None = None) -> int:
    """Write the search text of products (ids of parents or standalone ones; None: all). Returns how many.

    Called by whoever changes texts, colours or SKUs; in batches, so that a large range fits in memory.
    """
    found = Product.objects.filter(parent=None).order_by("pk")
    if products is not None:
        found = found.filter(pk__in=list(products))
    ids = list(found.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        _refresh(ids[start : start + BATCH])
    return len(ids)


def _refresh(ids: list[int]) -> None:
    rows = list(
        Product.objects.filter(pk__in=ids)
        .select_related("maker", "colour")
        .prefetch_related("stockrecords", "children__stockrecords", "children__colour")
    )
    for product in rows:
        variants = [product, *product.children.all()]
        skus = [record.partner_sku for variant in variants for record in variant.stockrecords.all()]
        colours = {variant.colour_id: variant.colour for variant in variants if variant.colour_id}
        product.search_text = search_words(product, skus, colours.values())
    Product.objects.bulk_update(rows, ["search_text"])


def add_picture(
    *,
    product: Product,
    name: str,
    content: bytes | File[bytes],
    colour: Any = None,
    caption: str = "",
    by: Any = None,
) -> ProductImage:
    """Store a picture of a product (the parent of variants); it becomes the last of its pictures.

    Its sizes are made by a task; until then the original is shown.
    """
    position = product.images.count()
    file = ContentFile(content) if isinstance(content, bytes) else content
    image = ProductImage(product=product, colour=colour, caption=caption, display_order=position)
    image.original.save(name, file, save=True)
    ask_for_sizes()
    return image


def ask_for_sizes() -> None:
    """Ask a worker for what is missing, once this transaction is certain. A broken queue is not an error: the clock
    asks again within a minute."""
    transaction.on_commit(_ask, robust=True)


def _ask() -> None:
    from .tasks import make_pictures

    try:
        make_pictures.delay()
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, sizes of pictures wait for the clock: %s", error)
