"""Invariants of stock on offer: what is reserved is exactly what open reservations say."""

from __future__ import annotations

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from .models import Reservation, StockRecord


def reserved_is_the_sum_of_open_reservations() -> list[str]:
    """``num_allocated`` equals the pieces left in open reservations, per stock record."""
    left = (
        Reservation.objects.filter(stockrecord=OuterRef("pk"), state="open")
        .values("stockrecord")
        .annotate(total=Sum("quantity_left"))
        .values("total")
    )
    rows = StockRecord.objects.annotate(promised=Coalesce(Subquery(left), 0)).exclude(
        num_allocated=F("promised")
    )
    return [
        f"{row.partner_sku}: {row.num_allocated} reserved, reservations say {row.promised}" for row in rows
    ]


def never_negative() -> list[str]:
    """No stock record promises more than it has, unless it may be ordered without stock."""
    rows = StockRecord.objects.filter(backorderable=False, num_allocated__gt=F("num_in_stock"))
    return [f"{row.partner_sku}: {row.num_allocated} reserved of {row.num_in_stock}" for row in rows]


CHECKS = [
    ("reserved = open reservations", reserved_is_the_sum_of_open_reservations),
    ("stock is never negative", never_negative),
]
