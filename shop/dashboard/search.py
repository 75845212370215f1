"""One box for everything: an exact number opens its page, anything else lists what fits in the rooms one may open."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe

from checkout.order.models import Order
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.lists import SEARCH_MAX_CHARS
from shop.customers.models import User
from shop.kernel.access import staff_view

from .customers import VIEW as SEE_CUSTOMERS
from .orders import VIEW as SEE_ORDERS
from .orders import fits
from .roles import ENTER

SHOWN = 10
SEE_INVOICES, SEE_PARCELS = "invoicing.view_invoices", "dispatch.dispatch_parcels"


@staff_view(ENTER, shows="list")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Orders, customers, invoices, parcels by number, name or address. At most four queries of its own."""
    text = " ".join(request.GET.get("q", "").split())[:SEARCH_MAX_CHARS]
    found = _found(request, text) if text else {}
    exact = _exact(found, text)
    if exact:
        return redirect(*exact)
    context: dict[str, Any] = {**found, "staff_query": text, "nothing": text and not any(found.values())}
    return render(request, "dashboard/start/search.html", context)


def _found(request: HttpRequest, text: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    if request.user.has_perm(SEE_ORDERS):
        orders = Order.objects.select_related("user", "billing_address")
        for word in text.split()[:3]:
            orders = orders.filter(fits(word))
        found["orders"] = list(orders.order_by("-date_placed")[:SHOWN])
    if request.user.has_perm(SEE_INVOICES):
        of_order = Q(number__istartswith=text) | Q(order_number__iexact=text) | Q(buyer__name__icontains=text)
        found["invoices"] = list(Invoice.objects.filter(of_order).order_by("-pk")[:SHOWN])
    if request.user.has_perm(SEE_CUSTOMERS):
        people = User.objects.filter(is_staff=False)
        for word in text.split()[:3]:
            people = people.filter(
                Q(email__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
            )
        found["customers"] = list(people.order_by("-pk")[:SHOWN])
    if request.user.has_perm(SEE_PARCELS):
        parcels = Parcel.objects.filter(Q(number__istartswith=text) | Q(tracking_number__iexact=text))
        found["parcels"] = list(parcels.order_by("-pk")[:SHOWN])
    return found


def _exact(found: dict[str, list[Any]], text: str) -> tuple[str, Any] | None:
    """The page of the one thing that bears exactly this number."""
    for kind, page, key in (
        ("orders", "dashboard:order", "number"),
        ("invoices", "finance:invoice", "number"),
        ("parcels", "warehouse:parcel", "pk"),
    ):
        for thing in found.get(kind, []):
            if str(thing.number).casefold() == text.casefold():
                return page, getattr(thing, key)
    return None


urlpatterns = [path("search/", search, name="search")]
