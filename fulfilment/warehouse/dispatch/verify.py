"""Invariants of dispatch, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from checkout.order.models import Line

from .models import ParcelLine

INSIDE = ("packed", "unpacked")  #: parcels in these states have not left


def what_left_is_what_parcels_held() -> list[str]:
    """Per order line: pieces dispatched = pieces in parcels that have left."""
    left = ParcelLine.objects.filter(order_line=OuterRef("pk")).exclude(parcel__state__in=INSIDE)
    pieces = left.order_by().values("order_line").annotate(n=Sum("quantity")).values("n")
    wrong = Line.objects.annotate(sent=Coalesce(Subquery(pieces), 0)).exclude(quantity_dispatched=F("sent"))
    return [
        f"order {line.order.number}, {line.partner_sku}: {line.quantity_dispatched} dispatched, "
        f"parcels held {line.sent}"
        for line in wrong.select_related("order")
    ]


CHECKS = [("dispatched pieces = pieces in parcels that left", what_left_is_what_parcels_held)]
