"""Staff pages of parcels: the list, one parcel and what may be done with it. Packing, labels and carriers have files of
their own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.kernel.states import allowed_moves
from shop.ui.reasons import reason

from . import actions, carrier_pages, label_pages, outcomes, packing_pages, queries, tracking
from .actions import OUTCOMES
from .forms import LossForm, ManyForm, OutcomeForm, ParcelSearch, ReasonForm
from .models import Parcel

SORT = {
    "number": "number",
    "order": "order__number",
    "state": "state",
    "packed": "packed_at",
    "dispatched": "dispatched_at",
    "weight": "weight_g",
    "pieces": "pieces",
}
PERMISSION = "dispatch.dispatch_parcels"


def _to_send() -> int:
    return Parcel.objects.filter(state="packed").count()


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def parcels(request: HttpRequest) -> HttpResponse:
    """Every parcel; those that wait can leave together. A scanned slip opens its parcel."""
    if request.method == "POST":
        return _dispatch_many(request)
    form = ParcelSearch(request.GET)
    text = form.value("q")
    scanned = Parcel.objects.filter(number=text).first() if text else None
    if scanned is not None and not wants_csv(request):
        return redirect("warehouse:parcel", pk=scanned.pk)
    return _parcel_list(request, form)


def _parcel_list(request: HttpRequest, form: ParcelSearch, problem: str = "") -> HttpResponse:
    rows = Parcel.objects.select_related("order").annotate(pieces=Coalesce(Sum("lines__quantity"), 0))
    text = form.value("q")
    if text:
        rows = rows.filter(Q(number__icontains=text) | Q(tracking_number__icontains=text))
    if form.value("state") == ParcelSearch.OPEN_LOSS:
        rows = rows.filter(pk__in=queries.open_losses())
    elif form.value("state"):
        rows = rows.filter(state=form.value("state"))
    rows = sorted_by(request, rows, SORT, ["-packed_at", "-pk"])
    if wants_csv(request):
        head = [
            _("Parcel"),
            _("Order"),
            _("State"),
            _("Pieces"),
            _("Weight in grams"),
            _("Carrier"),
            _("Tracking number"),
        ]
        return csv_file("parcels", head, (_cells(row) for row in rows))
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "problem": problem,
        "to_send": _to_send(),
    }
    return render(
        request, "dashboard/warehouse/parcels.html", context, status=400 if problem else form.status
    )


def _cells(row: Any) -> list[Any]:
    return [
        row.number,
        row.order.number,
        row.get_state_display(),
        row.pieces,
        row.weight_g,
        row.carrier,
        row.tracking_number,
    ]


def _dispatch_many(request: HttpRequest) -> HttpResponse:
    """Each parcel leaves in its own transaction: one that cannot does not hold back the others."""
    waiting = list(Parcel.objects.filter(state="packed").values_list("pk", flat=True))
    form = ManyForm(request.POST, waiting=waiting)
    if not form.is_valid():
        return _parcel_list(request, ParcelSearch({}), problem=str(form.errors["parcel"][0]))
    gone = 0
    for parcel in queries.with_lines(Parcel.objects.filter(pk__in=form.cleaned_data["parcel"])):
        try:
            gone += actions.dispatch(parcel=parcel, by=request.user)
        except StockError as error:
            messages.error(request, str(error))
    text = ngettext("%(n)s parcel has left.", "%(n)s parcels have left.", gone)
    messages.success(request, text % {"n": gone})
    return redirect(request.get_full_path())


@staff_view(PERMISSION, shows="parcel")
@require_safe
def parcel(request: HttpRequest, pk: int) -> HttpResponse:
    """One parcel: what is inside, where it goes, its papers, and what may be done with it."""
    return _parcel_page(request, pk)


def _parcel_page(
    request: HttpRequest, pk: int, problem: str = "", status: int = 200, **sent: Any
) -> HttpResponse:
    """The page of a parcel; ``sent``: a form as it came, by its name on the page, with what was typed."""
    rows = queries.with_lines(
        Parcel.objects.select_related(
            "order__shipping_address__country", "pick_list", "carton", "manifest", "loss_closed_by"
        )
    )
    found = get_object_or_404(rows, pk=pk)
    changes = StateChange.objects.filter(machine="parcel", thing_id=pk).select_related("by")
    labels = dict(Parcel.machine.choices)
    allowed = allowed_moves(found)
    packed_by = found.packed_by.name if found.packed_by else ""
    context = {
        **label_pages.label_context(found),
        "problem": problem,
        "weighs_oddly": actions.weighs_oddly(found),
        "tracking": list(tracking.history(found.pk)),
        "pieces": sum(line.quantity for line in found.lines.all()),
        "can_dispatch": "dispatched" in allowed and bool(found.is_handover or found.tracking_number),
        "can_unpack": "unpacked" in allowed,
        "outcomes": [(key, labels[key]) for key in allowed if key in OUTCOMES],
        "loss_form": LossForm(auto_id="loss_%s") if found.is_open_loss else None,
        "reason_form": ReasonForm(auto_id="unpack_%s"),
        "outcome_form": ReasonForm(auto_id="outcome_%s"),
        **sent,
        "events": [
            {"title": labels["packed"], "at": found.packed_at, "by": packed_by, "icon": "box"},
            *(
                {
                    "title": labels.get(c.new, c.new),
                    "at": c.at,
                    "by": c.by.name if c.by else "",
                    "text": reason(c.why),
                }
                for c in changes
            ),
            *_loss_closed(found),
        ],
        "crumbs": [{"title": _("Parcels"), "url": reverse("warehouse:parcels")}, {"title": found.number}],
    }
    return render(request, "dashboard/warehouse/parcel.html", context, status=status)


def _loss_closed(found: Parcel) -> list[dict[str, Any]]:
    """What a person did about its loss, as a line of its story."""
    if not found.loss_closed_as:
        return []
    return [
        {
            "title": found.get_loss_closed_as_display(),
            "at": found.loss_closed_at,
            "by": found.loss_closed_by.name if found.loss_closed_by else "",
            "text": found.loss_note,
            "icon": "check",
        }
    ]


@staff_view(PERMISSION, shows="parcel")
@require_POST
def close_loss(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has seen to the customer of a lost parcel."""
    found = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    form = LossForm(request.POST, auto_id="loss_%s")
    if not form.is_valid():
        return _parcel_page(request, pk, status=400, loss_form=form)
    try:
        outcomes.close_loss(
            parcel=found, end=form.cleaned_data["end"], note=form.cleaned_data["note"], by=request.user
        )
    except StockError as error:
        return _parcel_page(request, pk, problem=str(error), status=409)  # closed by somebody else
    messages.success(request, _("Noted: the loss of parcel %(number)s is closed.") % {"number": found.number})
    return redirect("warehouse:parcel", pk=pk)


@staff_view(PERMISSION)
@require_POST
def dispatch(request: HttpRequest, pk: int) -> HttpResponse:
    """The parcel leaves, or is handed over. A second click changes nothing and says so."""
    found = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    try:
        gone = actions.dispatch(parcel=found, by=request.user)
    except StockError as error:
        return _parcel_page(request, pk, problem=str(error), status=409)
    values = {"number": found.number}
    if not gone:
        messages.info(request, _("Parcel %(number)s had left already; nothing was changed.") % values)
    elif found.is_handover:
        messages.success(request, _("Parcel %(number)s was handed over. The invoice follows.") % values)
    else:
        messages.success(request, _("Parcel %(number)s has left. Customer and accounts are told.") % values)
    return redirect("warehouse:parcel", pk=pk)


@staff_view(PERMISSION)
@require_POST
def unpack(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a parcel apart that has not left."""
    found = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    form = ReasonForm(request.POST, auto_id="unpack_%s")
    if not form.is_valid():
        return _parcel_page(request, pk, status=400, reason_form=form)
    try:
        actions.unpack(parcel=found, by=request.user, why=form.cleaned_data["why"])
    except StockError as error:
        return _parcel_page(request, pk, problem=str(error), status=409)
    messages.success(
        request, _("Parcel %(number)s is unpacked; its pieces wait to be packed.") % {"number": found.number}
    )
    return redirect("warehouse:pack", pk=found.pick_list_id)


@staff_view(PERMISSION, shows="parcel")
@require_POST
def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a parcel arrived, was lost, or came back."""
    found = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    form = OutcomeForm(request.POST, auto_id="outcome_%s")
    if not form.is_valid():
        return _parcel_page(request, pk, status=400, outcome_form=form)
    try:
        actions.note_outcome(
            parcel=found, outcome=form.cleaned_data["outcome"], by=request.user, why=form.cleaned_data["why"]
        )
    except StockError as error:
        return _parcel_page(request, pk, problem=str(error), status=409)
    messages.success(
        request,
        _("Noted: parcel %(number)s is %(state)s.")
        % {"number": found.number, "state": found.get_state_display()},
    )
    return redirect("warehouse:parcel", pk=pk)


urlpatterns = [
    *packing_pages.urlpatterns,
    *label_pages.urlpatterns,
    *carrier_pages.urlpatterns,
    path("parcels/", parcels, name="parcels"),
    path("parcels/<row:pk>/", parcel, name="parcel"),
    path("parcels/<row:pk>/dispatch/", dispatch, name="dispatch"),
    path("parcels/<row:pk>/unpack/", unpack, name="unpack"),
    path("parcels/<row:pk>/outcome/", outcome, name="outcome"),
    path("parcels/<row:pk>/loss/", close_loss, name="close-loss"),
]


def _entry(title: Any, url: str, icon: str, order: int, count: Any = None) -> NavEntry:
    return NavEntry("warehouse", title, f"warehouse:{url}", PERMISSION, icon, order, count)


NAV = [
    _entry(gettext_lazy("Packing"), "packing", "box", 20, packing_pages.to_pack),
    _entry(gettext_lazy("Parcels"), "parcels", "truck", 30, _to_send),
    _entry(gettext_lazy("Shipping labels"), "labels", "tag", 32, label_pages.waiting_count),
    _entry(gettext_lazy("Manifests"), "manifests", "list", 34),
    _entry(gettext_lazy("Tracking"), "tracking", "question", 36, carrier_pages.open_questions),
    _entry(gettext_lazy("Cartons"), "cartons", "shoebox", 76),
]
