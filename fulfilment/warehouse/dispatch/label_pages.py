"""Staff pages of labels: which wait for us, asking again, giving back, the papers, and where an order goes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checkout.order.actions import AddressNotCorrected, correct_address, take_back_carrier_contact
from checkout.order.models import AddressCorrection, Order
from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view

from . import labels, papers, queries
from .forms import AddressForm, LabelSearch
from .models import Label, Parcel

PERMISSION = "dispatch.dispatch_parcels"
CORRECT = "order.correct_addresses"
LABEL_SORT = {"parcel": "parcel__number", "order": "parcel__order__number", "since": "created_at"}


def waiting_count() -> int:
    """How many labels wait for a person, for the navigation. One query."""
    return queries.waiting_labels().count()


@staff_view(PERMISSION)
@require_safe
def label_list(request: HttpRequest) -> HttpResponse:
    """Labels; without a filter those that a person has to look at: refused, or given up."""
    form = LabelSearch(request.GET)
    stage, text = form.value("stage"), form.value("q")
    rows = Label.objects.all() if stage or text else queries.waiting_labels()
    if stage and stage != "all":
        rows = rows.filter(stage=stage)
    if text:
        rows = rows.filter(
            Q(parcel__number__icontains=text) | Q(tracking_number__icontains=text) | Q(reason__icontains=text)
        )
    rows = sorted_by(request, rows.select_related("parcel__order"), LABEL_SORT, ["created_at", "pk"])
    if wants_csv(request):
        head = [_("Parcel"), _("State"), _("Tracking number"), _("Reason"), _("Since")]
        cells = (
            [r.parcel.number, r.get_stage_display(), r.tracking_number, r.reason or r.cause, r.created_at]
            for r in rows
        )
        return csv_file("labels", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/labels.html", context, status=form.status)


@staff_view(PERMISSION)
@require_safe
def label_state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the label of a parcel is, as a part of its page, which asks again while the carrier is asked."""
    parcel = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    return render(request, "dashboard/warehouse/_label.html", label_context(parcel))


def label_context(parcel: Parcel) -> dict[str, Any]:
    """What the label part shows. Two queries."""
    rows = list(Label.objects.filter(parcel=parcel).order_by("-pk"))
    label = rows[0] if rows else None
    return {
        "parcel": parcel,
        "label": label,
        "earlier": rows[1:],
        "wants_label": parcel.state == "packed"
        and not parcel.is_handover
        and (label is None or label.stage in ("cancelled", "withdrawn")),
        "has_zpl": bool(parcel.tracking_number) and _has_zpl(label),
    }


def _has_zpl(label: Label | None) -> bool:
    """Our own label is written in any form; of a carrier's there is what it gave."""
    if label is None or label.connector == "own":
        return True
    return label.files.filter(form="zpl").exists()


@staff_view(PERMISSION, shows="parcel")
@require_POST
def label_want(request: HttpRequest, pk: int) -> HttpResponse:
    """A label for a parcel whose label was given back."""
    parcel = get_object_or_404(Parcel.objects.select_related("order", "pick_list"), pk=pk)
    try:
        labels.want_again(parcel=parcel, by=request.user)
    except StockError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("A label for parcel %(number)s is asked for.") % {"number": parcel.number}
        )
    return redirect("warehouse:parcel", pk=pk)


@staff_view(PERMISSION)
@require_POST
def label_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """What was refused or given up is asked again."""
    label = get_object_or_404(Label.objects.select_related("parcel__order"), pk=pk)
    try:
        labels.retry(label=label, by=request.user)
    except StockError as error:
        messages.error(request, str(error))
    else:
        values = {"number": label.parcel.number, "state": label.get_stage_display()}
        messages.info(request, _("Asked again. Label of parcel %(number)s: %(state)s.") % values)
    return redirect(_next(request, reverse("warehouse:parcel", args=[label.parcel_id])))


@staff_view(PERMISSION)
@require_POST
def label_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """The label is given back; the parcel stays packed."""
    parcel = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    try:
        labels.cancel(parcel=parcel, by=request.user, why="label cancelled by staff")
    except StockError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("The label of parcel %(number)s is given back.") % {"number": parcel.number}
        )
    return redirect("warehouse:parcel", pk=pk)


def _next(request: HttpRequest, default: str) -> str:
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else default


@staff_view(CORRECT, shows="order")
@require_http_methods(["GET", "HEAD", "POST"])
def order_address(request: HttpRequest, number: str) -> HttpResponse:
    """Where an order goes, to be corrected; what it said before, who changed it and why. Labels follow."""
    order = get_object_or_404(Order.objects.select_related("shipping_address"), number=number)
    if order.shipping_address is None:
        raise Http404(f"order {number} goes to no address")
    history = list(AddressCorrection.objects.filter(order=order).select_related("by").order_by("-pk"))
    form = AddressForm(request.POST or None, address=order.shipping_address, seen=len(history))
    if request.method == "POST" and form.is_valid() and _corrected(request, order, form):
        return redirect("warehouse:order-address", number=number)
    context = {
        "order": order,
        "form": form,
        "history": [(one, _changes(one)) for one in history],
        "refused": queries.refused_labels(order.pk),
        "gone": Parcel.objects.filter(order=order).exclude(state__in=("packed", "unpacked")).count(),
        "crumbs": [
            {"title": _("Shipping labels"), "url": reverse("warehouse:labels")},
            {"title": order.number},
        ],
    }
    return render(
        request, "dashboard/warehouse/order_address.html", context, status=400 if form.errors else 200
    )


def _corrected(request: HttpRequest, order: Order, form: AddressForm) -> bool:
    try:
        correct_address(
            order=order,
            by=request.user,
            why=form.cleaned_data["why"],
            seen=form.cleaned_data["seen"],
            **form.parts(),
        )
    except AddressNotCorrected as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("The address is corrected. Labels that waited for it are asked for again."))
    return True


@staff_view(CORRECT, shows="order")
@require_POST
def order_contact(request: HttpRequest, number: str) -> HttpResponse:
    """The shopper takes back that the carrier may get e-mail address and phone number."""
    order = get_object_or_404(Order, number=number)
    if take_back_carrier_contact(order=order, by=request.user):
        messages.success(
            request,
            _("The carrier gets neither e-mail address nor phone number with labels booked from now on."),
        )
    else:
        messages.info(request, _("The customer had not agreed, or took it back already."))
    return redirect("warehouse:order-address", number=number)


def _changes(one: AddressCorrection) -> list[tuple[str, str]]:
    """Old and new of each part that changed."""
    return [
        (str(one.old.get(name, "")), str(value))
        for name, value in one.new.items()
        if value != one.old.get(name, "")
    ]


@staff_view(PERMISSION, shows="parcel")
@require_safe
def slip_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The packing slip."""
    found = _with_papers(pk)
    return _file(papers.packing_slip(found), f"packing-slip-{found.number}.pdf", "application/pdf")


@staff_view(PERMISSION, shows="parcel")
@require_safe
def label_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The shipping label; 404 for what is handed over in the store or was not booked yet."""
    found = _with_papers(pk)
    try:
        return _file(papers.label(found), f"label-{found.number}.pdf", "application/pdf")
    except ValueError as error:
        raise Http404(str(error)) from None


@staff_view(PERMISSION, shows="parcel")
@require_safe
def label_zpl(request: HttpRequest, pk: int) -> HttpResponse:
    """The shipping label for a label printer; 404 as for the PDF, and when the carrier gave none in this form."""
    found = _with_papers(pk)
    try:
        return _file(papers.label_for_printer(found), f"label-{found.number}.zpl", "application/zpl")
    except ValueError as error:
        raise Http404(str(error)) from None


def _with_papers(pk: int) -> Parcel:
    rows = Parcel.objects.select_related("order__shipping_address", "order__billing_address", "pick_list")
    return get_object_or_404(queries.with_lines(rows), pk=pk)


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    how = "inline" if kind == "application/pdf" else "attachment"
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'{how}; filename="{name}"'}
    )


urlpatterns = [
    path("labels/", label_list, name="labels"),
    path("labels/<row:pk>/retry/", label_retry, name="label-retry"),
    path("parcels/<row:pk>/label/", label_state, name="label-state"),
    path("parcels/<row:pk>/label/want/", label_want, name="label-want"),
    path("parcels/<row:pk>/label/cancel/", label_cancel, name="label-cancel"),
    path("parcels/<row:pk>/packing-slip.pdf", slip_pdf, name="packing-slip"),
    path("parcels/<row:pk>/label.pdf", label_pdf, name="label"),
    path("parcels/<row:pk>/label.zpl", label_zpl, name="label-zpl"),
    path("orders/<str:number>/address/", order_address, name="order-address"),
    path("orders/<str:number>/contact/", order_contact, name="order-contact"),
]
