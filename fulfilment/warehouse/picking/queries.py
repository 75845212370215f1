"""Reads of picking that more than one caller needs."""

from __future__ import annotations

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from catalogue.models import Product, ProductImage

from .models import PickLine, PickList

IN_WORK = ("open", "picking", "picked")


def pick_lists() -> QuerySet[PickList]:
    """Lists with order and picker; ``wanted``, ``taken`` and ``missing`` pieces, ``stops``. One query."""
    short = Q(lines__state="short")
    return PickList.objects.select_related("order", "picker").annotate(
        wanted=Coalesce(Sum("lines__quantity"), 0),
        taken=Coalesce(Sum("lines__quantity_picked"), 0),
        missing=Coalesce(Sum(F("lines__quantity") - F("lines__quantity_picked"), filter=short), 0),
        stops=Count("lines", filter=Q(lines__bin__isnull=False)),
    )


def to_pick() -> int:
    """Lists that nobody has begun."""
    return PickList.objects.filter(state="open").count()


def goods_to_put_back(lists: QuerySet[PickList]) -> QuerySet[PickList]:
    """Cancelled lists whose goods still lie at the packing place."""
    lying = PickLine.objects.filter(pick_list=OuterRef("pk"), quantity_picked__gt=0, put_back=False)
    return lists.filter(Exists(lying), state="cancelled")


def lines_of(pick_list_id: int) -> list[PickLine]:
    """Every line with all that a page shows, in walking order; what no bin holds comes last. One query."""
    lines = PickLine.objects.filter(pick_list_id=pick_list_id).select_related(
        "pick_list__order", "pick_list__picker", "bin", "order_line", "stockrecord"
    )
    return sorted(lines, key=lambda line: (line.bin_id is None, line.position, line.pk))


def picture_url(product: Product | None) -> str:
    """The picture of a product, of its colour where there is one; "" without. One query."""
    if product is None:
        return ""
    ids = [pk for pk in (product.pk, product.parent_id) if pk]
    pictures = list(ProductImage.objects.filter(product__in=ids).order_by("display_order", "pk"))
    fitting = [p for p in pictures if p.colour_id is not None and p.colour_id == product.colour_id]
    plain = [p for p in pictures if p.colour_id is None]
    for picture in [*fitting, *plain, *pictures]:
        if picture.original:
            return str(picture.original.url)
    return ""
