"""Staff pages of bins: the list, one bin with what lies in it, put up one or many, change, close."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock import place_queries, places, queries
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import Bin
from fulfilment.warehouse.stock.place_forms import BinForm, BinSearch, ManyBinsForm
from fulfilment.warehouse.stock.planned import planned_takes
from shop.kernel.access import staff_view

from .sites import form_page, state_word

PREVIEW_ROWS = 60
LAST_MOVEMENTS = 15
PLANNED_ROWS = 50
BIN_SORT = {
    "code": "code",
    "site": "site__name",
    "zone": "zone__code",
    "kind": "kind",
    "sequence": "sequence",
    "pieces": "pieces",
    "skus": "skus",
}


@staff_view("stock.view_stock")
@require_safe
def bin_list(request: HttpRequest) -> HttpResponse:
    """Every bin with what it holds."""
    form = BinSearch(request.GET)
    rows: Any = queries.bins()
    if form.is_valid():
        rows = place_queries.filtered_bins(rows, form.cleaned_data)
    rows = sorted_by(request, rows, BIN_SORT, ["site__position", "site__code", "sequence", "code"])
    if wants_csv(request):
        return _bins_csv(rows)
    filters = request.GET.copy()
    for name in ("page", "sort", "format"):
        filters.pop(name, None)
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "label_query": filters.urlencode(),
    }
    return render(request, "dashboard/warehouse/bins.html", context, status=form.status)


def _bins_csv(rows: Any) -> HttpResponse:
    head = [
        _("Bin"), _("Site"), _("Zone"), _("Kind"), _("Turn on the walk"), _("Articles"), _("Pieces"), _("State"),
    ]  # fmt: skip
    cells = (
        [
            b.code, b.site.name, b.zone or "", b.get_kind_display(), b.sequence, b.skus, b.pieces,
            state_word(b.is_active),
        ]
        for b in rows.iterator(chunk_size=1_000)
    )  # fmt: skip
    return csv_file("bins", head, cells)


@staff_view("stock.view_stock")
@require_safe
def bin_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What lies in one bin, what is planned to be taken from it, and what happened here last."""
    bin = get_object_or_404(Bin.objects.select_related("site", "zone"), pk=pk)
    page = page_of(request, queries.contents(pk))
    lots = place_queries.lots_in_bin(pk, [part.stockrecord_id for part in page])
    for part in page:
        part.lots = lots.get(part.stockrecord_id, [])
    context = {
        "bin": bin,
        "page": page,
        "planned": planned_takes(pk)[:PLANNED_ROWS],
        "moves": place_queries.last_movements(pk)[:LAST_MOVEMENTS],
        "crumbs": [{"title": _("Bins"), "url": reverse("warehouse:bins")}, {"title": bin.code}],
    }
    return render(request, "dashboard/warehouse/bin.html", context)


@staff_view("stock.adjust_stock")
@require_http_methods(["GET", "HEAD", "POST"])
def new_bin(request: HttpRequest) -> HttpResponse:
    """Put up a new bin."""
    form = BinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            places.make_bin(**data)
        except StockError as error:
            form.add_error("code", str(error))
        else:
            messages.success(request, _("Bin %(bin)s is there.") % {"bin": data["code"]})
            return redirect("warehouse:bins")
    bins = reverse("warehouse:bins")
    context = form_page(form, _("New bin"), [(_("Bins"), bins)], bins)
    return render(
        request, "dashboard/warehouse/places/form.html", context, status=400 if form.errors else 200
    )


@staff_view("stock.adjust_stock")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_bin(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is said about a bin."""
    bin = get_object_or_404(Bin.objects.select_related("site"), pk=pk)
    facts = {"code": bin.code, "zone": bin.zone_id, "kind": bin.kind, "sequence": bin.sequence}
    form = BinForm(request.POST or None, bin=bin, initial=facts)
    if request.method == "POST" and form.is_valid():
        try:
            places.change_bin(bin=bin, **form.cleaned_data)
        except StockError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Bin %(bin)s is saved.") % {"bin": bin.code})
            return redirect("warehouse:bin", pk=pk)
    here = reverse("warehouse:bin", args=[pk])
    trail = [(_("Bins"), reverse("warehouse:bins")), (bin.code, here)]
    context = form_page(form, _("Change bin %(bin)s") % {"bin": bin.code}, trail, here)
    return render(
        request, "dashboard/warehouse/places/form.html", context, status=400 if form.errors else 200
    )


@staff_view("stock.adjust_stock")
@require_http_methods(["GET", "HEAD", "POST"])
def many_bins(request: HttpRequest) -> HttpResponse:
    """A row of shelves at once: first looked at, then made."""
    form = ManyBinsForm(request.POST or None, initial={"site": request.GET.get("site", "")[:18]})
    planned = form.planned() if request.method == "POST" and form.is_valid() else []
    if planned and "make" in request.POST:
        data = form.cleaned_data
        try:
            made = places.make_bins(site=data["site"], zone=data["zone"], kind=data["kind"], planned=planned)
        except StockError as error:
            form.add_error(None, str(error))
        else:
            said = ngettext("%(n)s bin is put up.", "%(n)s bins are put up.", made)
            messages.success(request, said % {"n": made})
            return redirect(f"{reverse('warehouse:bins')}?site={data['site'].pk}")
    there = sum(one.exists for one in planned)
    bins = reverse("warehouse:bins")
    context = form_page(form, _("Put up many bins"), [(_("Bins"), bins)], bins) | {
        "planned": planned[:PREVIEW_ROWS],
        "left_out": len(planned[PREVIEW_ROWS:]),
        "last": planned[-1] if planned else None,
        "there": there,
        "fresh": len(planned) - there,
    }
    return render(
        request, "dashboard/warehouse/places/many_bins.html", context, status=400 if form.errors else 200
    )


@staff_view("stock.adjust_stock")
@require_POST
def act_on_bin(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Close a bin, open it again, or take away one that was never used."""
    bin = get_object_or_404(Bin.objects.select_related("site"), pk=pk)
    verbs = {
        "close": (places.close_bin, _("Bin %(bin)s is closed. Nothing is put into it any more.")),
        "open": (places.open_bin, _("Bin %(bin)s is open.")),
        "remove": (places.remove_bin, _("Bin %(bin)s is removed.")),
    }
    action, said = verbs[verb]
    try:
        action(bin=bin)
    except StockError as error:
        messages.error(request, str(error))
        return redirect("warehouse:bin", pk=pk)
    messages.success(request, said % {"bin": bin.code})
    return redirect("warehouse:bins") if verb == "remove" else redirect("warehouse:bin", pk=pk)


urlpatterns = [
    path("bins/", bin_list, name="bins"),
    path("bins/new/", new_bin, name="new-bin"),
    path("bins/many/", many_bins, name="many-bins"),
    path("bins/<row:pk>/", bin_page, name="bin"),
    path("bins/<row:pk>/edit/", edit_bin, name="edit-bin"),
    path("bins/<row:pk>/close/", act_on_bin, {"verb": "close"}, name="close-bin"),
    path("bins/<row:pk>/open/", act_on_bin, {"verb": "open"}, name="open-bin"),
    path("bins/<row:pk>/remove/", act_on_bin, {"verb": "remove"}, name="remove-bin"),
]
