"""Reads of places: sites, zones and bins with what they hold. One query each."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from .models import Bin, BinStock, LotStock, Movement, Site, Zone


def _pieces(**where: Any) -> Coalesce:
    held = BinStock.objects.filter(quantity__gt=0, **where).order_by().values(next(iter(where)))
    return Coalesce(Subquery(held.annotate(n=Sum("quantity")).values("n"), output_field=IntegerField()), 0)


def _number(rows: QuerySet[Any], group: str) -> Coalesce:
    counted = rows.order_by().values(group).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def sites() -> QuerySet[Site]:
    """Every site with ``zone_count``, ``bin_count`` and ``pieces``."""
    return Site.objects.annotate(
        zone_count=_number(Zone.objects.filter(site=OuterRef("pk")), "site"),
        bin_count=_number(Bin.objects.filter(site=OuterRef("pk"), is_active=True), "site"),
        pieces=_pieces(bin__site=OuterRef("pk")),
    )


def zones() -> QuerySet[Zone]:
    """Every zone with its site, ``bin_count``, ``pieces`` and the ``first_turn`` of its bins."""
    first = (
        Bin.objects.filter(zone=OuterRef("pk"))
        .order_by()
        .values("zone")
        .annotate(n=Min("sequence"))
        .values("n")
    )
    return Zone.objects.select_related("site").annotate(
        bin_count=_number(Bin.objects.filter(zone=OuterRef("pk"), is_active=True), "zone"),
        pieces=_pieces(bin__zone=OuterRef("pk")),
        first_turn=Subquery(first, output_field=IntegerField()),
    )


def filtered_bins(rows: QuerySet[Bin], chosen: dict[str, Any]) -> QuerySet[Bin]:
    """Bins that fit the cleaned data of a BinSearch."""
    if text := chosen.get("q"):
        rows = rows.filter(Q(code__icontains=text) | Q(zone__code__icontains=text))
    for name in ("site", "zone", "kind"):
        if chosen.get(name):
            rows = rows.filter(**{name: chosen[name]})
    held = BinStock.objects.filter(bin=OuterRef("pk"))
    show = {
        "open": Q(is_active=True),
        "closed": Q(is_active=False),
        "empty": Q(is_active=True) & ~Exists(held.filter(quantity__gt=0)),
        "doubtful": Exists(held.filter(is_doubtful=True)),
    }
    return rows.filter(show[chosen["show"]]) if chosen.get("show") else rows


def lots_in_bin(bin_id: int, stockrecord_ids: list[int]) -> dict[int, list[LotStock]]:
    """Lots that lie in a bin, by SKU, those that end first in front."""
    rows = LotStock.objects.filter(bin_id=bin_id, quantity__gt=0, lot__stockrecord_id__in=stockrecord_ids)
    found: dict[int, list[LotStock]] = {}
    for row in rows.select_related("lot").order_by(
        F("lot__best_before").asc(nulls_last=True), "lot__received_at"
    ):
        found.setdefault(row.lot.stockrecord_id, []).append(row)
    return found


def last_movements(bin_id: int) -> QuerySet[Movement]:
    """Movements of a bin, latest first. Slice it."""
    rows = Movement.objects.filter(bin_id=bin_id).select_related("stockrecord", "lot", "by")
    return rows.order_by("-pk")
