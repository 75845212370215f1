"""Staff pages between us and carriers: parcels leaving by scan, manifests, what tracking could not explain, cartons."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view

from . import leaving, manifest_paper, manifests, tracking
from .answers import answers, first_error, right
from .forms import CartonForm, CloseManifestForm, CodeForm, ManifestSearch, NoteForm, TrackingSearch
from .models import Carton, Manifest, Parcel, TrackingState

PERMISSION = "dispatch.dispatch_parcels"
MANAGE_CARTONS = "dispatch.manage_cartons"
MANIFEST_SORT = {"number": "number", "day": "day", "carrier": "carrier", "parcels": "parcel_count"}
TRACKING_SORT = {"number": "tracking_number", "at": "at", "received": "received_at"}
CARTON_SORT = {"code": "code", "weight": "weight_g", "most": "max_weight_g"}
SHOWN_GONE = 10


def open_questions() -> int:
    """How many tracking states wait for a person, for the navigation. One query."""
    return TrackingState.objects.filter(settled_at=None, outcome__in=TrackingState.QUESTIONS).count()


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def leaving_scan(request: HttpRequest) -> HttpResponse:
    """The ramp: each scanned label lets its parcel leave."""
    problem = ""
    if request.method == "POST":
        form = CodeForm(request.POST)
        try:
            _parcel, text = leaving.scan(
                code=form.cleaned_data["code"] if form.is_valid() else "", by=request.user
            )
            right(request, text)
            return redirect("warehouse:leaving")
        except StockError as error:
            problem = str(error)
    gone = Parcel.objects.filter(dispatched_by=request.user).select_related("order")
    context = {
        **answers(request, problem),
        "here": Parcel.objects.filter(state="packed", kind="parcel").count(),
        "gone": gone.order_by("-dispatched_at")[:SHOWN_GONE],
    }
    return render(request, "dashboard/warehouse/leaving.html", context, status=409 if problem else 200)


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def manifest_list(request: HttpRequest) -> HttpResponse:
    """Manifests so far, and per carrier what the next one would hold."""
    if request.method == "POST":
        return _close_manifest(request)
    return _manifests(request)


def _manifests(request: HttpRequest, problem: str = "") -> HttpResponse:
    form = ManifestSearch(request.GET)
    rows = Manifest.objects.select_related("closed_by")
    if form.value("q"):
        text = form.value("q")
        rows = rows.filter(
            Q(number__icontains=text) | Q(carrier__icontains=text) | Q(parcels__tracking_number=text)
        ).distinct()
    if form.is_valid() and form.cleaned_data.get("day"):
        rows = rows.filter(day=form.cleaned_data["day"])
    rows = sorted_by(request, rows, MANIFEST_SORT, ["-pk"])
    if wants_csv(request):
        head = [_("Number"), _("Carrier"), _("Day"), _("Parcels"), _("Weight in grams")]
        cells = ([r.number, r.carrier, r.day, r.parcel_count, r.weight_g] for r in rows)
        return csv_file("manifests", head, cells)
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "waiting": manifests.waiting(),
        "problem": problem,
    }
    status = 409 if problem else form.status
    return render(request, "dashboard/warehouse/manifests.html", context, status=status)


def _close_manifest(request: HttpRequest) -> HttpResponse:
    form = CloseManifestForm(request.POST)
    if not form.is_valid():
        return _manifests(request, problem=first_error(form))
    try:
        made = manifests.close(
            carrier=form.cleaned_data["carrier"], by=request.user, seen=form.cleaned_data["seen"]
        )
    except StockError as error:
        return _manifests(request, problem=str(error))
    text = ngettext(
        "Manifest %(number)s holds %(n)s parcel.",
        "Manifest %(number)s holds %(n)s parcels.",
        made.parcel_count,
    )
    messages.success(request, text % {"number": made.number, "n": made.parcel_count})
    return redirect("warehouse:manifest", pk=made.pk)


@staff_view(PERMISSION, shows="list")
@require_safe
def manifest(request: HttpRequest, pk: int) -> HttpResponse:
    """One manifest and its parcels."""
    found = get_object_or_404(Manifest.objects.select_related("closed_by"), pk=pk)
    rows = found.parcels.select_related("order").order_by("number")
    if wants_csv(request):
        head = [_("Parcel"), _("Tracking number"), _("Weight in grams"), _("State")]
        cells = ([r.number, r.tracking_number, r.weight_g, r.get_state_display()] for r in rows)
        return csv_file(f"manifest-{found.number}", head, cells)
    context = {
        "manifest": found,
        "page": page_of(request, rows),
        "csv_url": csv_url(request),
        "crumbs": [{"title": _("Manifests"), "url": reverse("warehouse:manifests")}, {"title": found.number}],
    }
    return render(request, "dashboard/warehouse/manifest.html", context)


@staff_view(PERMISSION, shows="list")
@require_safe
def manifest_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The manifest for the driver to sign."""
    found = get_object_or_404(Manifest, pk=pk)
    content = manifest_paper.manifest(found, request.LANGUAGE_CODE)  # type: ignore[attr-defined]
    headers = {"Content-Disposition": f'inline; filename="manifest-{found.number}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@staff_view(PERMISSION)
@require_safe
def tracking_list(request: HttpRequest) -> HttpResponse:
    """What carriers told; without a filter what could not be understood and nobody settled."""
    form = TrackingSearch(request.GET)
    outcome, text = form.value("outcome"), form.value("q")
    rows = TrackingState.objects.select_related("parcel", "settled_by")
    if outcome and outcome != "all":
        rows = rows.filter(outcome=outcome)
    elif not outcome and not text:
        rows = rows.filter(outcome__in=TrackingState.QUESTIONS, settled_at=None)
    if text:
        rows = rows.filter(
            Q(tracking_number__icontains=text) | Q(text__icontains=text) | Q(parcel__number__icontains=text)
        )
    rows = sorted_by(request, rows, TRACKING_SORT, ["-received_at", "-pk"])
    if wants_csv(request):
        head = [_("Tracking number"), _("Code"), _("Text"), _("At"), _("Parcel"), _("What became of it")]
        cells = (
            [
                r.tracking_number,
                r.code,
                r.text,
                r.at,
                r.parcel.number if r.parcel else "",
                r.get_outcome_display(),
            ]
            for r in rows
        )
        return csv_file("tracking", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/tracking.html", context, status=form.status)


@staff_view(PERMISSION)
@require_POST
def tracking_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """A person looked at a state that was not understood."""
    state = get_object_or_404(TrackingState, pk=pk)
    form = NoteForm(request.POST)
    try:
        note = form.cleaned_data["note"] if form.is_valid() else ""
        tracking.settle(state=state, by=request.user, note=note)
    except StockError as error:
        messages.info(request, str(error))
    else:
        messages.success(request, _("Noted; it is off the list."))
    return redirect("warehouse:tracking")


@staff_view(PERMISSION)
@require_safe
def carton_list(request: HttpRequest) -> HttpResponse:
    """The cartons that the packing table proposes from."""
    form = Search(request.GET)
    rows = Carton.objects.all()
    if form.value("q"):
        rows = rows.filter(Q(code__icontains=form.value("q")) | Q(name__icontains=form.value("q")))
    rows = sorted_by(request, rows, CARTON_SORT, ["-is_active", "code"])
    if wants_csv(request):
        head = [_("Code"), _("Name"), _("Inner measures in mm"), _("Own weight in g"), _("Takes up to g")]
        cells = ([r.code, r.name, " x ".join(map(str, r.sides)), r.weight_g, r.max_weight_g] for r in rows)
        return csv_file("cartons", head, cells)
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "may_change": request.user.has_perm(MANAGE_CARTONS),
    }
    return render(request, "dashboard/warehouse/cartons.html", context, status=form.status)


@staff_view(MANAGE_CARTONS)
@require_http_methods(["GET", "HEAD", "POST"])
def carton_new(request: HttpRequest) -> HttpResponse:
    """Enter a carton."""
    return _carton_form(request, None)


@staff_view(MANAGE_CARTONS)
@require_http_methods(["GET", "HEAD", "POST"])
def carton_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a carton, or take it out of use."""
    return _carton_form(request, get_object_or_404(Carton, pk=pk))


def _carton_form(request: HttpRequest, carton: Carton | None) -> HttpResponse:
    form = CartonForm(request.POST or None, instance=carton)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, _("Carton %(code)s is saved.") % {"code": saved.code})
        return redirect("warehouse:cartons")
    context: dict[str, Any] = {
        "form": form,
        "carton": carton,
        "crumbs": [
            {"title": _("Cartons"), "url": reverse("warehouse:cartons")},
            {"title": carton.code if carton else _("New carton")},
        ],
    }
    return render(request, "dashboard/warehouse/carton.html", context, status=400 if form.errors else 200)


urlpatterns = [
    path("leaving/", leaving_scan, name="leaving"),
    path("manifests/", manifest_list, name="manifests"),
    path("manifests/<row:pk>/", manifest, name="manifest"),
    path("manifests/<row:pk>.pdf", manifest_pdf, name="manifest-pdf"),
    path("tracking/", tracking_list, name="tracking"),
    path("tracking/<row:pk>/settle/", tracking_settle, name="tracking-settle"),
    path("cartons/", carton_list, name="cartons"),
    path("cartons/new/", carton_new, name="carton-new"),
    path("cartons/<row:pk>/", carton_edit, name="carton"),
]
