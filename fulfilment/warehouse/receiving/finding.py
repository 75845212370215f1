"""What a scan at the dock means: first which return, then which of its articles."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch.models import Parcel

from .models import Return

WORDS_MAX = 4  #: further words of a hand search are left out: each costs a condition
FOUND_MAX = 20


@dataclass(frozen=True, slots=True)
class Found:
    """What a number at the dock belongs to: a return, or an order (with the parcel it was on, where known)."""

    returning: Return | None = None
    order: Order | None = None
    parcel: Parcel | None = None


def find(code: str) -> Found | None:
    """The return or order with exactly this number: return, order, parcel or tracking number. None when unknown.

    The number of the parcel that comes back finds its return too. At most five queries, the likeliest first.
    """
    code = code.strip()
    if not code:
        return None
    returning = Return.objects.select_related("order").filter(number__iexact=code).first()
    if returning is not None:
        return Found(returning=returning)
    order = Order.objects.filter(number__iexact=code).first()
    if order is not None:
        return Found(order=order)
    parcels = Parcel.objects.select_related("order")
    parcel = (
        parcels.filter(number__iexact=code).first() or parcels.filter(tracking_number__iexact=code).first()
    )
    if parcel is not None:
        return Found(order=parcel.order, parcel=parcel)
    coming = Return.objects.select_related("order").filter(tracking_number=code).order_by("-pk").first()
    return Found(returning=coming) if coming else None


def search_orders(text: str) -> QuerySet[Order]:
    """Orders of which something was sent, by parts of number, name, postcode or place: for a parcel without papers.
    Newest first; one query. No e-mail address: the dock needs none."""
    sent = Line.objects.filter(order=OuterRef("pk"), quantity_dispatched__gt=0)
    rows = Order.objects.filter(Exists(sent)).select_related("shipping_address", "billing_address")
    for word in text.split()[:WORDS_MAX]:
        rows = rows.filter(
            Q(number__icontains=word) | _address("shipping_address", word) | _address("billing_address", word)
        )
    return rows.order_by("-date_placed")


def _address(which: str, word: str) -> Q:
    return (
        Q(**{f"{which}__last_name__icontains": word})
        | Q(**{f"{which}__first_name__icontains": word})
        | Q(**{f"{which}__postcode__istartswith": word})
        | Q(**{f"{which}__line4__icontains": word})
    )
