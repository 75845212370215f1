"""Invariants of dispatch, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from checkout.order.models import Line

from .models import HANDED_OVER, SENT, Label, Manifest, Parcel, ParcelLine

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


def what_left_has_a_label() -> list[str]:
    """Parcels that left have a tracking number, unless they were handed over in the store."""
    gone = Parcel.objects.filter(kind=SENT, tracking_number="").exclude(state__in=INSIDE)
    return [f"parcel {parcel.number} is {parcel.state} and has no label" for parcel in gone]


def a_tracking_number_is_there_once() -> list[str]:
    """No two parcels bear the same number, whatever their carriers; no two labels either."""
    twice = (
        Parcel.objects.exclude(tracking_number="")
        .order_by()
        .values_list("tracking_number")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
    )
    found = [f"tracking number {number} is on {count} parcels" for number, count in twice]
    labels = (
        Label.objects.filter(stage__in=("booked", "cancelling"))
        .exclude(tracking_number="")
        .order_by()
        .values_list("connector", "tracking_number")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
    )
    return found + [
        f"tracking number {number} is on {count} labels of {who}" for who, number, count in labels
    ]


def manifests_hold_what_they_say() -> list[str]:
    """A manifest's parcels and weight are those that were signed for, and all of them have left with its carrier."""
    wrong = []
    for one in Manifest.objects.annotate(
        held=Count("parcels"), grams=Coalesce(Sum("parcels__weight_g"), 0)
    ).order_by("pk"):
        if (one.held, one.grams) != (one.parcel_count, one.weight_g):
            wrong.append(
                f"manifest {one.number} says {one.parcel_count} parcels and {one.weight_g} g, "
                f"it holds {one.held} and {one.grams} g"
            )
    strange = Parcel.objects.filter(manifest__isnull=False).filter(
        Q(state__in=INSIDE) | Q(kind=HANDED_OVER) | ~Q(carrier=F("manifest__carrier"))
    )
    return wrong + [
        f"parcel {parcel.number} ({parcel.state}) does not belong on its manifest" for parcel in strange
    ]


CHECKS = [
    ("dispatched pieces = pieces in parcels that left", what_left_is_what_parcels_held),
    ("parcels that left have a label", what_left_has_a_label),
    ("a tracking number is there once", a_tracking_number_is_there_once),
    ("a parcel is on one manifest, which holds what it says", manifests_hold_what_they_say),
]
