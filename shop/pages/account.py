"""The account: what a person ordered and was invoiced. Everything is looked up among the person's own."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import storages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from checkout.order.models import Line, Order
from checkout.payment.models import Payment
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.models import Parcel
from shop.kernel.access import shopper_view

PER_PAGE = 20
LATEST = 3


@shopper_view
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The latest orders, what is still to be paid, and the ways to everything else."""
    person = request.user
    context = {
        "orders": list(_orders(person)[:LATEST]),
        "open_invoices": list(Invoice.objects.open().filter(user=person).order_by("due_on")[:LATEST]),
        "addresses": list(person.addresses.select_related("country")[:LATEST]),  # type: ignore[union-attr]
    }
    return render(request, "account/overview.html", context)


@shopper_view
@never_cache
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """All orders of the person, the newest first."""
    page = Paginator(_orders(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "account/orders.html", {"page_obj": page})


@shopper_view
@never_cache
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order with its lines, parcels, payments and invoices; 404 for somebody else's."""
    found = (
        Order.objects.filter(user=request.user, number=number)
        .select_related("shipping_address__country", "billing_address__country")
        .first()
    )
    if found is None:
        raise Http404
    payments = list(Payment.objects.filter(order=found).order_by("created_at"))
    parcels = list(Parcel.objects.filter(order=found).order_by("sequence"))
    context = {
        "order": found,
        "lines": list(Line.objects.filter(order=found).select_related("product__parent").order_by("pk")),
        "parcels": parcels,
        "invoices": list(Invoice.objects.filter(order=found).order_by("issued_on", "pk")),
        "payments": payments,
        "events": _timeline(found, payments, parcels),
        "pay_url": _pay_url(found),
    }
    return render(request, "account/order.html", context)


@shopper_view
@never_cache
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """All invoices and credit notes of the person, the newest first."""
    rows = Invoice.objects.filter(user=request.user).order_by("-issued_on", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "account/invoices.html", {"page_obj": page})


@shopper_view
@never_cache
@require_safe
def invoice_pdf(request: HttpRequest, number: str) -> HttpResponseBase:
    """The document as it was issued; 404 for somebody else's and for one that is still being made."""
    found = Invoice.objects.filter(user=request.user, number=number).exclude(pdf_key="").first()
    if found is None or not storages["documents"].exists(found.pdf_key):
        raise Http404
    file = storages["documents"].open(found.pdf_key, "rb")
    return FileResponse(
        file, as_attachment=True, filename=f"{found.number}.pdf", content_type="application/pdf"
    )


def _orders(person: Any) -> Any:
    return Order.objects.filter(user=person).order_by("-date_placed", "-pk")


def _pay_url(order: Order) -> str:
    """Where an unpaid order is paid by card; empty where nothing is to be done on a page."""
    if order.status != "awaiting_payment" or order.payment_method != "card":
        return ""
    try:
        return reverse("checkout:pay", kwargs={"number": order.number})
    except NoReverseMatch:
        return ""


def _timeline(order: Order, payments: list[Payment], parcels: list[Parcel]) -> list[dict[str, Any]]:
    """What happened, in order, and what comes next."""
    events: list[dict[str, Any]] = [{"title": _("Order received"), "at": order.date_placed, "icon": "basket"}]
    for payment in payments:
        if payment.captured_at:
            events.append({"title": _("Payment received"), "at": payment.captured_at, "icon": "euro"})
    for parcel in parcels:
        if parcel.dispatched_at:
            title = _("Ready in the store") if parcel.is_handover else _("Parcel dispatched")
            tracking = _("Tracking number %(number)s") % {"number": parcel.tracking_number}
            events.append(
                {
                    "title": title,
                    "at": parcel.dispatched_at,
                    "icon": "store" if parcel.is_handover else "truck",
                    "text": tracking if parcel.tracking_number else "",
                }
            )
    events.sort(key=lambda event: event["at"])
    for event in events:
        event["state"] = "done"
    ends = {
        "awaiting_payment": {"title": _("Waiting for the payment"), "state": "current", "icon": "clock"},
        "confirmed": {"title": _("Being prepared"), "state": "current", "icon": "box"},
        "in_fulfilment": {"title": _("Being packed"), "state": "current", "icon": "box"},
        "cancelled": {"title": _("Cancelled"), "state": "bad", "icon": "cross"},
    }
    return [*events, ends[order.status]] if order.status in ends else events
