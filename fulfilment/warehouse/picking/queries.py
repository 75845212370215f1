"""Reads of picking that more than one caller needs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from catalogue.models import Product, ProductImage
from catalogue.pictures import picture
from checkout.order.models import Line
from fulfilment.warehouse.stock.models import Site

from .actions.rules import WANTED
from .actions.waves import Wave, candidates
from .models import ORDERS, URGENT, Batch, BatchBox, PickLine, PickList, ScanRecord

IN_WORK = ("open", "picking", "picked")


def pick_lists() -> QuerySet[PickList]:
    """Lists with order and picker; ``wanted``, ``taken`` and ``missing`` pieces, ``stops``. One query.

    Missing are pieces that were short here and are wanted still: neither cancelled nor picked or planned elsewhere.
    """
    return PickList.objects.select_related("order", "picker", "site").annotate(
        wanted=Coalesce(Sum("lines__quantity"), 0),
        taken=Coalesce(Sum("lines__quantity_picked"), 0),
        missing=Coalesce(Subquery(_missing_of_list()), 0),
        stops=Count("lines", filter=Q(lines__bin__isnull=False)),
    )


def _missing_of_list() -> QuerySet[Any]:
    short = PickLine.objects.filter(pick_list=OuterRef(OuterRef("pk")))
    return _still_missing(short, Line.objects.filter(order=OuterRef("order")))


def _missing_of_box() -> QuerySet[Any]:
    short = PickLine.objects.filter(
        pick_list=OuterRef(OuterRef("pick_list")), batch=OuterRef(OuterRef("batch"))
    )
    return _still_missing(short, Line.objects.filter(order=OuterRef("pick_list__order")))


def _missing_of_batch() -> QuerySet[Any]:
    lists = BatchBox.objects.filter(batch=OuterRef(OuterRef("pk"))).values("pick_list__order")
    short = PickLine.objects.filter(batch=OuterRef(OuterRef("pk")))
    return _still_missing(short, Line.objects.filter(order__in=lists))


def _still_missing(short: QuerySet[PickLine], lines: QuerySet[Line]) -> QuerySet[Any]:
    """One row ``n``: pieces of those order ``lines`` that were short on one of the pick lines in ``short`` and are
    wanted still. Lists, boxes and batches count alike by it."""
    short = short.filter(order_line=OuterRef("pk"), state="short")
    rows = PickLine.objects.filter(order_line=OuterRef("pk"), put_back=False).order_by().values("order_line")
    taken = rows.annotate(n=Sum("quantity_picked")).values("n")
    planned = rows.filter(state="open").annotate(n=Sum(F("quantity") - F("quantity_picked"))).values("n")
    left = F("quantity") - F("quantity_cancelled") - Coalesce(Subquery(taken), 0)
    lines = lines.filter(Exists(short), order__status__in=WANTED)
    lines = lines.annotate(left=left - Coalesce(Subquery(planned), 0)).filter(left__gt=0)
    return lines.order_by().annotate(all=Value(1)).values("all").annotate(n=Sum("left")).values("n")


def to_pick() -> int:
    """Lists that nobody has begun."""
    return PickList.objects.filter(state="open").count()


def goods_to_put_back(lists: QuerySet[PickList]) -> QuerySet[PickList]:
    """Cancelled lists whose goods still lie at the packing place."""
    lying = PickLine.objects.filter(pick_list=OuterRef("pk"), quantity_picked__gt=0, put_back=False)
    return lists.filter(Exists(lying), state="cancelled")


def lines_of(pick_list_id: int) -> list[PickLine]:
    """Every line with all that a page shows, in walking order; what no bin holds comes last. One query."""
    return in_walking_order(_with_all(PickLine.objects.filter(pick_list_id=pick_list_id)))


def lines_of_batch(batch_id: int) -> list[PickLine]:
    """The same for a batch, without the stops of cancelled orders. One query."""
    lines = PickLine.objects.filter(batch_id=batch_id).exclude(pick_list__state="cancelled")
    return in_walking_order(_with_all(lines))


def _with_all(lines: QuerySet[PickLine]) -> QuerySet[PickLine]:
    return lines.select_related(
        "pick_list__order", "pick_list__picker", "bin__zone", "order_line__product", "stockrecord__handling",
        "lot", "batch",
    )  # fmt: skip


def in_walking_order(lines: Iterable[PickLine]) -> list[PickLine]:
    """By zone, then by bin. So an urgent order's stops come where the picker gets to, or next when passed already."""
    return sorted(lines, key=_turn)


def _turn(line: PickLine) -> tuple[bool, int, int, str, int]:
    if line.bin is None:
        return (True, 0, 0, "", line.pk)
    zone = line.bin.zone
    return (False, zone.sequence if zone else 0, line.bin.sequence, line.bin.code, line.pk)


def boxes_of(batch_id: int) -> list[BatchBox]:
    """Boxes of a batch with list and order; ``wanted`` and ``taken`` pieces in this batch, ``missing`` ones of it as
    pick_lists() counts them. One query."""
    here = Q(pick_list__lines__batch=batch_id)
    rows = BatchBox.objects.filter(batch=batch_id).select_related(
        "pick_list__order", "pick_list__packing_place"
    )
    return list(
        rows.annotate(
            wanted=Coalesce(Sum("pick_list__lines__quantity", filter=here), 0),
            taken=Coalesce(Sum("pick_list__lines__quantity_picked", filter=here), 0),
            missing=Coalesce(Subquery(_missing_of_box()), 0),
        ).order_by("box")
    )


def batches() -> QuerySet[Batch]:
    """Batches with picker; how many ``orders``, ``stops`` and ``done`` stops, ``pieces`` and ``taken``; ``missing`` as
    pick_lists() counts it. One query."""
    boxes = BatchBox.objects.filter(batch=OuterRef("pk")).order_by().values("batch").annotate(n=Count("pk"))
    return Batch.objects.select_related("picker", "site", "zone").annotate(
        orders=Coalesce(Subquery(boxes.values("n")), 0),
        stops=Count("lines"),
        done=Count("lines", filter=~Q(lines__state="open")),
        pieces=Coalesce(Sum("lines__quantity"), 0),
        taken=Coalesce(Sum("lines__quantity_picked"), 0),
        missing=Coalesce(Subquery(_missing_of_batch()), 0),
    )


def batches_to_pick() -> int:
    """Batches that nobody has begun."""
    return Batch.objects.filter(state="open").count()


def refused_scans(**of: Any) -> QuerySet[ScanRecord]:
    """Refused scans that nobody has looked after, oldest first; ``of``: ``batch=`` or ``pick_list=``. One query."""
    rows = ScanRecord.objects.filter(accepted=False, settled_at=None, **of)
    return rows.select_related("by", "line__order_line", "line__bin", "batch", "pick_list__order").order_by(
        "pk"
    )


def picture_url(product: Product | None) -> str:
    """The picture of a product, of its colour where there is one; "" without. One query."""
    return pictures_of([product]).get(product.pk, "") if product is not None else ""


def pictures_of(products: Iterable[Product | None]) -> dict[int, str]:
    """Product id -> address of its picture, of its colour where there is one, no larger than a page shows it: a phone
    keeps those of a whole walk. One query for all."""
    wanted = {product.pk: product for product in products if product is not None}
    ids = {*wanted, *(product.parent_id for product in wanted.values() if product.parent_id)}
    pictures: dict[int, list[ProductImage]] = defaultdict(list)
    rows = ProductImage.objects.filter(product__in=ids).select_related("colour")
    for row in rows.order_by("display_order", "pk"):
        pictures[row.product_id].append(row)
    return {
        pk: _best([*pictures[pk], *pictures[product.parent_id or 0]], product)
        for pk, product in wanted.items()
    }


def _best(pictures: list[ProductImage], product: Product) -> str:
    fitting = [p for p in pictures if p.colour_id is not None and p.colour_id == product.colour_id]
    plain = [p for p in pictures if p.colour_id is None]
    for image in [*fitting, *plain, *pictures]:
        if image.original:
            return picture(image, "").url
    return ""


def open_work(site: Site) -> list[dict[str, Any]]:
    """What waits to be planned at a site: ``orders``, ``lines``, ``pieces`` by ``due_at``, ``carrier`` and ``urgent``.

    The earliest cut-off first. One query.
    """
    rows = (
        candidates(Wave(site, ORDERS))
        .order_by()
        .values(
            due_at=F("pick_list__due_at"), carrier=F("pick_list__carrier"), priority=F("pick_list__priority")
        )
        .annotate(
            orders=Count("pick_list", distinct=True),
            lines=Count("pk"),
            pieces=Sum(F("quantity") - F("quantity_picked")),
        )
    )
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    found = [{**row, "urgent": row["priority"] >= URGENT} for row in rows]
    return sorted(found, key=lambda row: (row["due_at"] or far, -row["priority"], row["carrier"]))
