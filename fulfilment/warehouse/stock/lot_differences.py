"""Lots recomputed from zero: what does not agree with movements, bins and what articles ask for."""

from __future__ import annotations

from django.db.models import F, Sum

from .models import NO_TRACKING, BinStock, Handling, LotStock, Movement


def lot_differences() -> list[str]:
    """Sentences about lots that do not add up; empty when all is well. Seven queries however many there are.

    Per lot and bin the sum of movements; per bin of a traced article the sum of its lots; a serial number is one piece
    in one place; no lots where an article has none.
    """
    return [*_movements(), *_bins(), *_serials()]


def _movements() -> list[str]:
    moves = Movement.objects.filter(lot__isnull=False).order_by().values("lot_id", "bin_id")
    moved = {(row["lot_id"], row["bin_id"]): row["n"] for row in moves.annotate(n=Sum("quantity"))}
    kept = {(lot, place): n for lot, place, n in LotStock.objects.values_list("lot_id", "bin_id", "quantity")}
    return [
        f"lot {lot} in bin {place}: {kept.get((lot, place), 0)} kept, "
        f"movements add up to {moved.get((lot, place), 0)}"
        for lot, place in sorted(moved.keys() | kept.keys())
        if moved.get((lot, place), 0) != kept.get((lot, place), 0)
    ]


def _bins() -> list[str]:
    traced = set(Handling.objects.exclude(tracking=NO_TRACKING).values_list("stockrecord_id", flat=True))
    lots = LotStock.objects.filter(quantity__gt=0).order_by().values("lot__stockrecord_id", "bin_id")
    by_lot = {
        (row["lot__stockrecord_id"], row["bin_id"]): row["n"] for row in lots.annotate(n=Sum("quantity"))
    }
    rows = BinStock.objects.filter(stockrecord__handling__isnull=False)
    lying = {(sku, place): n for sku, place, n in rows.values_list("stockrecord_id", "bin_id", "quantity")}
    wrong = []
    for sku, place in sorted(by_lot.keys() | lying.keys()):
        wanted = lying.get((sku, place), 0) if sku in traced else 0
        if by_lot.get((sku, place), 0) != wanted:
            wrong.append(
                f"stock record {sku} in bin {place}: {by_lot.get((sku, place), 0)} in lots, there should be {wanted}"
            )
    return wrong


def _serials() -> list[str]:
    rows = LotStock.objects.filter(lot__is_serial=True).order_by().values("lot_id", "lot__code")
    doubled = rows.annotate(n=Sum("quantity")).filter(n__gt=1)
    blind = LotStock.objects.exclude(is_serial=F("lot__is_serial")).values_list("lot__code", flat=True)
    return [f"serial number {row['lot__code']}: {row['n']} pieces in the house" for row in doubled] + [
        f"lot {code}: its row in a bin does not know whether it is a serial number" for code in blind
    ]
