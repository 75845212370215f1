"""Staff pages of dispatch: what waits to be packed, the packing table, parcels and their papers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.kernel.states import allowed_moves

from . import actions, papers, queries
from .actions import OUTCOMES, BookingRefused
from .forms import ManyForm, OutcomeForm, PackForm, ParcelSearch, ReasonForm
from .models import Parcel, ParcelLine

SORT = {
    "number": "number",
    "order": "order__number",
    "state": "state",
    "packed": "packed_at",
    "dispatched": "dispatched_at",
    "weight": "weight_g",
    "pieces": "pieces",
}
PACKING_SORT = {"order": "order__number", "picked": "picked_at", "pieces": "waiting"}


def _waiting_to_be_packed() -> Any:
    """Picked lists with ``waiting`` pieces and ``parcels`` so far. One query."""
    taken = PickLine.objects.filter(pick_list=OuterRef("pk"), put_back=False).order_by().values("pick_list")
    inside = ParcelLine.objects.filter(parcel__pick_list=OuterRef("pk")).exclude(parcel__state="unpacked")
    packed = inside.order_by().values("parcel__pick_list")
    whole = IntegerField()
    return (
        PickList.objects.filter(state="picked")
        .select_related("order__shipping_address")
        .annotate(
            waiting=Coalesce(
                Subquery(taken.annotate(n=Sum("quantity_picked")).values("n"), output_field=whole), 0
            )
            - Coalesce(Subquery(packed.annotate(n=Sum("quantity")).values("n"), output_field=whole), 0),
            parcels_so_far=Count("parcels", filter=~Q(parcels__state="unpacked")),
        )
    )


def _to_pack() -> int:
    return PickList.objects.filter(state="picked").count()


def _to_send() -> int:
    return Parcel.objects.filter(state="packed").count()


@staff_view("dispatch.dispatch_parcels")
@require_GET
def packing(request: HttpRequest) -> HttpResponse:
    """Orders whose goods lie at the packing place, first picked first."""
    form = Search(request.GET)
    rows = _waiting_to_be_packed()
    if form.value("q"):
        rows = rows.filter(order__number__icontains=form.value("q"))
    rows = sorted_by(request, rows, PACKING_SORT, ["picked_at", "pk"])
    if wants_csv(request):
        head = [_("Order"), _("Pieces"), _("Parcels"), _("Delivery")]
        cells = ([r.order.number, r.waiting, r.parcels_so_far, r.order.shipping_method] for r in rows)
        return csv_file("packing", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/packing.html", context, status=form.status)


@staff_view("dispatch.dispatch_parcels")
@require_http_methods(["GET", "POST"])
def pack(request: HttpRequest, pk: int) -> HttpResponse:
    """The packing table of one order: choose what goes into the next parcel; parcels so far beside it."""
    pick_list = get_object_or_404(PickList.objects.select_related("order__shipping_address"), pk=pk)
    rows = queries.to_pack(pick_list)
    form = PackForm(request.POST or None, rows=rows, initial={"revision": pick_list.revision})
    if request.method == "POST" and form.is_valid():
        parcel = _pack(request, pick_list, form)
        if parcel is not None:
            return redirect("warehouse:parcel", pk=parcel.pk)
    context = {
        "list": pick_list,
        "rows": rows,
        "form": form,
        "can_pack": pick_list.state == "picked" and bool(form.rows),
        "parcels": queries.parcels_of(pick_list.order_id),
        "crumbs": [
            {"title": _("Packing"), "url": reverse("warehouse:packing")},
            {"title": pick_list.order.number},
        ],
    }
    return render(request, "dashboard/warehouse/pack.html", context, status=400 if form.errors else 200)


def _pack(request: HttpRequest, pick_list: PickList, form: PackForm) -> Parcel | None:
    try:
        parcel = actions.pack(
            pick_list=pick_list,
            quantities=form.quantities(),
            weight_g=form.cleaned_data["weight_g"] or 0,
            revision=form.cleaned_data["revision"],
            by=request.user,
        )
    except BookingRefused as error:
        messages.warning(request, str(error))
        return Parcel.objects.filter(pick_list=pick_list).order_by("-sequence").first()
    except StockError as error:
        form.add_error(None, str(error))
        return None
    messages.success(request, _("Parcel %(number)s is packed.") % {"number": parcel.number})
    return parcel


@staff_view("dispatch.dispatch_parcels")
@require_GET
def order_parcels(request: HttpRequest, number: str) -> HttpResponse:
    """The packing table of the order with this number."""
    pick_list = get_object_or_404(PickList, order__number=number)
    return redirect("warehouse:pack", pk=pick_list.pk)


@staff_view("dispatch.dispatch_parcels")
@require_http_methods(["GET", "POST"])
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
    if form.value("state"):
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


@staff_view("dispatch.dispatch_parcels")
@require_GET
def parcel(request: HttpRequest, pk: int) -> HttpResponse:
    """One parcel: what is inside, where it goes, its papers, and what may be done with it."""
    return _parcel_page(request, pk)


def _parcel_page(request: HttpRequest, pk: int, problem: str = "", status: int = 200) -> HttpResponse:
    rows = queries.with_lines(Parcel.objects.select_related("order__shipping_address", "pick_list"))
    found = get_object_or_404(rows, pk=pk)
    changes = StateChange.objects.filter(machine="parcel", thing_id=pk).select_related("by")
    labels = dict(Parcel.machine.choices)
    allowed = allowed_moves(found)
    packed_by = found.packed_by.name if found.packed_by else ""
    context = {
        "parcel": found,
        "problem": problem,
        "pieces": sum(line.quantity for line in found.lines.all()),
        "can_dispatch": "dispatched" in allowed,
        "can_unpack": "unpacked" in allowed,
        "outcomes": [(key, labels[key]) for key in allowed if key in OUTCOMES],
        "reason_form": ReasonForm(auto_id="unpack_%s"),
        "outcome_form": ReasonForm(auto_id="outcome_%s"),
        "events": [
            {"title": labels["packed"], "at": found.packed_at, "by": packed_by, "icon": "box"},
            *(
                {
                    "title": labels.get(c.new, c.new),
                    "at": c.at,
                    "by": c.by.name if c.by else "",
                    "text": c.why,
                }
                for c in changes
            ),
        ],
        "crumbs": [{"title": _("Parcels"), "url": reverse("warehouse:parcels")}, {"title": found.number}],
    }
    return render(request, "dashboard/warehouse/parcel.html", context, status=status)


@staff_view("dispatch.dispatch_parcels")
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


@staff_view("dispatch.dispatch_parcels")
@require_POST
def unpack(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a parcel apart that has not left."""
    found = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _parcel_page(request, pk, problem=_first_error(form), status=400)
    try:
        actions.unpack(parcel=found, by=request.user, why=form.cleaned_data["why"])
    except StockError as error:
        return _parcel_page(request, pk, problem=str(error), status=409)
    messages.success(
        request, _("Parcel %(number)s is unpacked; its pieces wait to be packed.") % {"number": found.number}
    )
    return redirect("warehouse:pack", pk=found.pick_list_id)


@staff_view("dispatch.dispatch_parcels")
@require_POST
def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a parcel arrived, was lost, or came back."""
    found = get_object_or_404(Parcel.objects.select_related("order"), pk=pk)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        return _parcel_page(request, pk, problem=_first_error(form), status=400)
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


@staff_view("dispatch.dispatch_parcels")
@require_GET
def slip_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The packing slip."""
    found = _with_papers(pk)
    return _pdf(papers.packing_slip(found), f"packing-slip-{found.number}.pdf")


@staff_view("dispatch.dispatch_parcels")
@require_GET
def label_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The shipping label; 404 for what is handed over in the store or was not booked yet."""
    found = _with_papers(pk)
    try:
        return _pdf(papers.label(found), f"label-{found.number}.pdf")
    except ValueError as error:
        raise Http404(str(error)) from None


def _with_papers(pk: int) -> Parcel:
    rows = Parcel.objects.select_related("order__shipping_address", "order__billing_address")
    return get_object_or_404(queries.with_lines(rows), pk=pk)


def _pdf(content: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


urlpatterns = [
    path("packing/", packing, name="packing"),
    path("packing/<row:pk>/", pack, name="pack"),
    path("orders/<str:number>/parcels/", order_parcels, name="order-parcels"),
    path("parcels/", parcels, name="parcels"),
    path("parcels/<row:pk>/", parcel, name="parcel"),
    path("parcels/<row:pk>/dispatch/", dispatch, name="dispatch"),
    path("parcels/<row:pk>/unpack/", unpack, name="unpack"),
    path("parcels/<row:pk>/outcome/", outcome, name="outcome"),
    path("parcels/<row:pk>/packing-slip.pdf", slip_pdf, name="packing-slip"),
    path("parcels/<row:pk>/label.pdf", label_pdf, name="label"),
]

NAV = [
    NavEntry(
        "warehouse",
        gettext_lazy("Packing"),
        "warehouse:packing",
        "dispatch.dispatch_parcels",
        "box",
        20,
        _to_pack,
    ),
    NavEntry(
        "warehouse",
        gettext_lazy("Parcels"),
        "warehouse:parcels",
        "dispatch.dispatch_parcels",
        "truck",
        30,
        _to_send,
    ),
]
