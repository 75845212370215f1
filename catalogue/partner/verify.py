"""Invariants of stock on offer: what is reserved is exactly what open reservations say; prices are what their history
says."""

from __future__ import annotations

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from shop.kernel import guards

from . import triggers
from .models import PricePeriod, Reservation, StockRecord
from .prices import unlawful_references


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


def prices_are_those_of_the_history() -> list[str]:
    """The price asked, and the 30-day price beside it, are those of the open interval."""
    rows = PricePeriod.objects.filter(
        valid_to=None, currency=F("stockrecord__price_currency")
    ).select_related("stockrecord")
    return [
        f"{row.stockrecord.partner_sku}: {row.stockrecord.price_minor} is asked, the history says {row.gross_minor}"
        for row in rows.iterator(2000)
        if row.gross_minor != row.stockrecord.price_minor
        or row.reference_minor != row.stockrecord.reference_price_minor
    ]


def intervals_do_not_overlap() -> list[str]:
    """Of one SKU and currency, each price ends before or when the next begins."""
    found, last = [], None
    rows = PricePeriod.objects.order_by("stockrecord_id", "currency", "valid_from").select_related(
        "stockrecord"
    )
    for row in rows.iterator(2000):
        if last is not None and (last.stockrecord_id, last.currency) == (row.stockrecord_id, row.currency):
            if last.valid_to is None or last.valid_to > row.valid_from:
                found.append(f"{row.stockrecord.partner_sku}: two prices at {row.valid_from:%Y-%m-%d %H:%M}")
        last = row
    return found


def references_are_lawful() -> list[str]:
    """The 30-day price beside a reduction is the lowest of the 30 days before it (§ 11 PAngV)."""
    return list(unlawful_references())


def price_guards_are_there() -> list[str]:
    """The database refuses changes of the history by itself."""
    return [f"trigger {name} is missing" for name in guards.missing(triggers.GUARDS)]


CHECKS = [
    ("prices = price history", prices_are_those_of_the_history),
    ("one price at a time", intervals_do_not_overlap),
    ("30-day prices are lawful", references_are_lawful),
    ("the price history refuses changes", price_guards_are_there),
    ("reserved = open reservations", reserved_is_the_sum_of_open_reservations),
    ("stock is never negative", never_negative),
]
