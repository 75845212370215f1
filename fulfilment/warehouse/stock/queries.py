"""Reads of stock that more than one caller needs, each with a constant number of SQL queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import (
    CharField,
    Count,
    DateField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import Coalesce

from catalogue.partner.models import Reservation, StockRecord
from shop.kernel.asked_once import AskedOnce
from shop.kernel.clock import today

from .codes import find_article, same_codes
from .lot_differences import lot_differences
from .models import (
    BLOCKED,
    MISSING,
    MISSING_WORD,
    PICKABLE,
    QUARANTINE,
    Barcode,
    Bin,
    BinStock,
    LotStock,
    Movement,
)
from .triggers import missing


def where_is(stockrecord_id: int) -> QuerySet[BinStock]:
    """Bins that hold pieces of a SKU, in walking order. One query."""
    return BinStock.objects.filter(stockrecord_id=stockrecord_id, quantity__gt=0).select_related("bin")


def contents(bin_id: int) -> QuerySet[BinStock]:
    """What lies in a bin, by SKU. One query."""
    rows = BinStock.objects.filter(bin_id=bin_id, quantity__gt=0).select_related(
        "stockrecord__product__parent", "stockrecord__product__colour"
    )
    return rows.order_by("stockrecord__partner_sku")


def history(stockrecord_id: int) -> QuerySet[Movement]:
    """Movements of a SKU, latest first, each with ``balance``: pieces in the house after it. Slice it; one query.

    Pick and transfer are two movements each, so the balance dips by them and is back with the next row.
    """
    balance = Window(Sum("quantity"), order_by=F("id").asc())
    rows = Movement.objects.filter(stockrecord_id=stockrecord_id).annotate(balance=balance)
    return rows.select_related("bin", "by").order_by("-id")


def skus() -> QuerySet[StockRecord]:
    """Every SKU with product and what is ``free`` (in stock less promised). One query, plus one for bins when
    ``prefetch_related("bin_stock__bin")`` is asked."""
    return StockRecord.objects.select_related("product__parent", "product__colour").annotate(
        free=F("num_in_stock") - F("num_allocated")
    )


def search_skus(rows: QuerySet[StockRecord], text: str) -> QuerySet[StockRecord]:
    """SKUs whose number, barcode or name contains ``text``."""
    return rows.filter(
        Q(partner_sku__icontains=text)
        | Q(product__upc__icontains=text)
        | Q(product__title__icontains=text)
        | Q(product__parent__title__icontains=text)
        | Q(pk__in=Barcode.objects.filter(code__in=same_codes(text.strip())).values("stockrecord"))
    )


def find_stockrecord(code: str) -> StockRecord | None:
    """The SKU that a scanned or typed code means, whatever the pieces of a scan; None when unknown. Two queries."""
    found = find_article(code)
    return None if found is None else found.stockrecord


def bins() -> QuerySet[Bin]:
    """Every bin with ``pieces`` and ``skus`` in it. One query."""
    filled = BinStock.objects.filter(bin=OuterRef("pk"), quantity__gt=0).order_by().values("bin")
    pieces = Subquery(filled.annotate(n=Sum("quantity")).values("n"), output_field=IntegerField())
    kinds = Subquery(filled.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    return Bin.objects.select_related("site", "zone").annotate(
        pieces=Coalesce(pieces, 0), skus=Coalesce(kinds, 0)
    )


def on_hand_by_site(stockrecord_ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """Pieces in the house per SKU and site, wherever they lie: ``{stock record: {site: pieces}}``. One query."""
    rows = (
        BinStock.objects.filter(stockrecord__in=set(stockrecord_ids), quantity__gt=0)
        .order_by()
        .values("stockrecord_id", "bin__site_id")
        .annotate(pieces=Sum("quantity"))
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row["stockrecord_id"]][row["bin__site_id"]] = row["pieces"]
    return dict(found)


def _lying_asked(ids: list[int]) -> QuerySet[Any, tuple[Any, ...]]:
    """What bins and lots hold of these SKUs, for ``pickable_by_site()``."""
    bins = BinStock.objects.filter(
        stockrecord__in=ids,
        quantity__gt=0,
        is_doubtful=False,
        bin__kind__in=PICKABLE,
        bin__is_active=True,
        bin__site__is_active=True,
    )
    lots = LotStock.objects.filter(lot__stockrecord__in=ids, quantity__gt=0)
    lots = lots.exclude(lot__best_before=None, lot__recall_number="")
    return (
        bins.order_by()
        .annotate(
            best_before=Value(None, DateField()), days=Value(0, IntegerField()), recall=Value("", CharField())
        )
        .values_list("stockrecord_id", "bin_id", "bin__site_id", "quantity", "best_before", "days", "recall")
        .union(
            lots.order_by().values_list(
                "lot__stockrecord_id",
                "bin_id",
                "bin__site_id",
                -F("quantity"),
                "lot__best_before",
                "lot__stockrecord__handling__min_days_left",
                "lot__recall_number",
            ),
            all=True,
        )
    )


_lying: AskedOnce[tuple[Any, ...]] = AskedOnce(_lying_asked)


def pickable_by_site(stockrecord_ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """Pieces per SKU and site that a picker may be sent for: ``{stock record: {site: pieces}}``, of sites that have
    any. One query; what routing sends and what the page of a product promises are the same.

    Left out: what is not for sale, on its way or being packed, in doubtful or closed bins and sites, and lots with too
    few days left. What other orders will take is not: ask picking.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}  # (SKU, bin) -> site, pieces
    day = today()
    taken: dict[tuple[int, int], int] = defaultdict(int)
    for sku, place, site, pieces, until, days, recall in _lying.rows(set(stockrecord_ids)):
        if pieces > 0:
            found[sku, place] = (site, pieces)
        elif recall or (until - day).days < (days or 0):
            taken[sku, place] -= pieces
    sums: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for (sku, place), (site, pieces) in found.items():
        sums[sku][site] += pieces - taken[sku, place]
    return {sku: {site: n for site, n in sites.items() if n > 0} for sku, sites in sums.items()}


def set_aside(*, stockrecord_id: int, bin_id: int) -> int:
    """Pieces of a SKU that were taken out of a bin as missing and are missing still. At most three queries."""
    return sum(n for (sku, _lot), n in set_aside_in(bin_id).items() if sku == stockrecord_id)


def set_aside_in(bin_id: int) -> dict[tuple[int, int | None], int]:
    """Pieces that were taken out of a bin as missing and not brought back: (stock record, lot) -> pieces.

    Never more than lie in the site's place for what is missing: what was found and carried away from there by hand is
    in the books elsewhere already. One query, three where something is set aside.
    """
    rows = Movement.objects.filter(bin=bin_id, cause__startswith=f"{MISSING}:").order_by()
    sums = rows.values_list("stockrecord_id", "lot_id").annotate(n=Sum("quantity"))
    taken: dict[tuple[int, int | None], int] = {(sku, lot): -n for sku, lot, n in sums if n < 0}
    if not taken:
        return {}
    place = {
        "bin__site__bins": bin_id,
        "bin__kind": QUARANTINE,
        "bin__code__startswith": MISSING_WORD,
        "quantity__gt": 0,
    }
    bins, lots = BinStock.objects.filter(**place), LotStock.objects.filter(**place)
    lying: dict[tuple[int, int | None], int] = {
        (sku, None): n for sku, n in bins.values_list("stockrecord_id", "quantity")
    }
    for sku, lot, n in lots.values_list("lot__stockrecord_id", "lot_id", "quantity"):
        lying[sku, lot] = n
    return {key: min(n, lying[key]) for key, n in taken.items() if key in lying}


def reserved_by(stockrecord_id: int) -> list[dict[str, Any]]:
    """Open promises of a SKU: order id, order number, pieces left, since when. Two queries."""
    from checkout.order.models import Order

    promises = list(
        Reservation.objects.filter(stockrecord_id=stockrecord_id, state="open").order_by("created_at")
    )
    numbers = dict(Order.objects.filter(pk__in={p.order_id for p in promises}).values_list("pk", "number"))
    return [
        {
            "order_id": promise.order_id,
            "number": numbers.get(promise.order_id, ""),
            "quantity": promise.quantity_left,
            "expires_at": promise.expires_at,
            "since": promise.created_at,
        }
        for promise in promises
    ]


def stock_differences() -> list[str]:
    """Recompute stock from zero and say what does not agree, as sentences; empty when all is well.

    In stock = sum of movements, per SKU and per bin; in quarantine = those of blocked bins; reserved = open
    reservations; nothing negative; lots add up (lot_differences); triggers there. Fourteen queries whatever the number
    of SKUs.
    """
    found = [f"trigger {name} is missing on the movements; run migrate" for name in missing()]
    return found + _bin_differences() + _sku_differences() + lot_differences()


def _bin_differences() -> list[str]:
    moved = {
        (row["stockrecord_id"], row["bin_id"]): row["n"]
        for row in Movement.objects.order_by().values("stockrecord_id", "bin_id").annotate(n=Sum("quantity"))
    }
    kept = {(s, b): n for s, b, n in BinStock.objects.values_list("stockrecord_id", "bin_id", "quantity")}
    wrong = []
    for key in sorted(moved.keys() | kept.keys()):
        if moved.get(key, 0) != kept.get(key, 0):
            wrong.append(
                f"stock record {key[0]} in bin {key[1]}: {kept.get(key, 0)} kept, "
                f"movements add up to {moved.get(key, 0)}"
            )
        elif moved.get(key, 0) < 0:
            wrong.append(f"stock record {key[0]} in bin {key[1]}: negative, {moved[key]}")
    return wrong


def _sku_differences() -> list[str]:
    moves = Movement.objects.order_by().values("stockrecord_id").annotate(n=Sum("quantity"))
    for_sale = dict(moves.exclude(bin__kind__in=BLOCKED).values_list("stockrecord_id", "n"))
    blocked = dict(moves.filter(bin__kind__in=BLOCKED).values_list("stockrecord_id", "n"))
    promised = dict(
        Reservation.objects.filter(state="open")
        .order_by()
        .values("stockrecord_id")
        .annotate(n=Sum("quantity_left"))
        .values_list("stockrecord_id", "n")
    )
    wrong = []
    rows = StockRecord.objects.order_by("pk").values_list(
        "pk", "partner_sku", "num_in_stock", "num_quarantine", "num_allocated"
    )
    for pk, sku, in_stock, apart, reserved in rows.iterator(chunk_size=5_000):
        if (in_stock or 0) != for_sale.get(pk, 0):
            wrong.append(f"{sku}: {in_stock} in stock, movements add up to {for_sale.get(pk, 0)}")
        if apart != blocked.get(pk, 0):
            wrong.append(f"{sku}: {apart} in quarantine, movements add up to {blocked.get(pk, 0)}")
        if (reserved or 0) != promised.get(pk, 0):
            wrong.append(f"{sku}: {reserved} reserved, open reservations add up to {promised.get(pk, 0)}")
    return wrong
