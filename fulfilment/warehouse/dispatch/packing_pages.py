"""Staff pages of the packing table: what waits, packing by numbers, packing by scan."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.picking.actions import same_code
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view

from . import actions, addresses, labels, packing, papers, queries
from .answers import answers, first_error, right
from .carriers import carrier as carrier_named
from .forms import CloseForm, CodeForm, PackForm, PackScanForm
from .models import Carton, Label, Parcel

PERMISSION = "dispatch.dispatch_parcels"
PACKING_SORT = {"order": "order__number", "picked": "picked_at", "pieces": "waiting"}


def waiting_lists() -> Any:
    """Lists that may be packed, with ``waiting`` pieces, ``parcels_so_far`` and ``is_refused``. One query.

    A list of which nothing was found has nothing to pack: other sites send it, or the customer decided.
    """
    refused = Label.objects.filter(parcel__pick_list=OuterRef("pk"), stage="refused", parcel__state="packed")
    return (
        PickList.objects.annotate(
            waiting=queries.pieces_waiting(),
            parcels_so_far=Count("parcels", filter=~Q(parcels__state="unpacked")),
            is_refused=Exists(refused),
        )
        .filter(Q(state="picked", waits_for_answer=False, waiting__gt=0) | Q(is_refused=True))
        .select_related("order__shipping_address", "site")
    )


def to_pack() -> int:
    """How many lists wait to be packed, for the navigation. One query."""
    return queries.lists_to_pack().count()


@staff_view(PERMISSION, shows="list")
@require_safe
def packing_list(request: HttpRequest) -> HttpResponse:
    """Orders whose goods lie at the packing place, first picked first; those whose address was refused among them."""
    form = Search(request.GET)
    rows = waiting_lists()
    if form.value("q"):
        rows = rows.filter(order__number__icontains=form.value("q"))
    rows = sorted_by(request, rows, PACKING_SORT, ["-priority", "picked_at", "pk"])
    if wants_csv(request):
        head = [_("Order"), _("Pieces"), _("Parcels"), _("Delivery")]
        cells = ([r.order.number, r.waiting, r.parcels_so_far, r.order.shipping_method] for r in rows)
        return csv_file("packing", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/packing.html", context, status=form.status)


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def packing_find(request: HttpRequest) -> HttpResponse:
    """The packing table asks for a scan: an order, a pick list or a box opens its packing screen."""
    form = CodeForm(request.POST or None)
    problem = ""
    if request.method == "POST":
        try:
            found = packing.find(form.cleaned_data["code"] if form.is_valid() else "")
            return redirect("warehouse:pack-scan", pk=found.pk)
        except StockError as error:
            problem = str(error)
    context = {"problem": problem, **answers(request, problem)}
    return render(request, "dashboard/warehouse/pack_find.html", context, status=404 if problem else 200)


@staff_view(PERMISSION, shows="pick_list")
@require_http_methods(["GET", "HEAD", "POST"])
def pack(request: HttpRequest, pk: int) -> HttpResponse:
    """The packing table of one order by numbers: choose what goes into the next parcel; parcels so far beside it."""
    pick_list = get_object_or_404(PickList.objects.select_related("order__shipping_address__country"), pk=pk)
    rows = queries.to_pack(pick_list)
    proposal = packing.proposal(rows, {row.order_line.pk: row.quantity for row in rows if row.quantity > 0})
    initial = {"revision": pick_list.revision, "carton": getattr(proposal.carton, "pk", None)}
    form = PackForm(request.POST or None, rows=rows, initial=initial)
    if request.method == "POST" and form.is_valid():
        parcel = _pack(request, pick_list, form)
        if parcel is not None:
            return redirect("warehouse:parcel", pk=parcel.pk)
    can_pack = pick_list.state == "picked" and not pick_list.waits_for_answer
    context = {
        "list": pick_list,
        "rows": rows,
        "form": form,
        "proposal": proposal,
        "can_pack": can_pack and bool(form.rows),
        "address_problems": _address_problems(pick_list),
        "parcels": queries.parcels_of(pick_list.order_id),
        "crumbs": [
            {"title": _("Packing"), "url": reverse("warehouse:packing")},
            {"title": pick_list.order.number},
        ],
    }
    return render(request, "dashboard/warehouse/pack.html", context, status=400 if form.errors else 200)


def _address_problems(pick_list: PickList) -> list[str]:
    """Said before anybody packs: the label would be refused."""
    order = pick_list.order
    if order.shipping_address is None or pick_list.state not in ("picked", "packed"):
        return []
    return addresses.problems(papers.recipient(order), carrier_named(pick_list.carrier).code)


def _pack(request: HttpRequest, pick_list: PickList, form: PackForm) -> Parcel | None:
    try:
        parcel = actions.pack(
            pick_list=pick_list,
            quantities=form.quantities(),
            weight_g=form.cleaned_data["weight_g"] or 0,
            carton=form.cleaned_data["carton"],
            revision=form.cleaned_data["revision"],
            by=request.user,
        )
    except StockError as error:
        form.add_error(None, str(error))
        return None
    _say_packed(request, parcel)
    return parcel


def _say_packed(request: HttpRequest, parcel: Parcel) -> None:
    messages.success(request, _("Parcel %(number)s is packed.") % {"number": parcel.number})
    if actions.weighs_oddly(parcel):
        values = {"weight": parcel.weight_g, "expected": parcel.expected_weight_g}
        messages.warning(
            request,
            _("It weighs %(weight)s g, but %(expected)s g were expected. Please look inside.") % values,
        )
    label = labels.live(parcel.pk)
    if label is not None and label.stage == "refused":
        words = _("No label: %(reason)s") % {"reason": label.reason}
        messages.warning(request, words)


@staff_view(PERMISSION)
@require_safe
def order_parcels(request: HttpRequest, number: str) -> HttpResponse:
    """The packing table of the order with this number."""
    pick_list = PickList.objects.filter(order__number=number).order_by("pk").first()
    if pick_list is None:
        raise Http404(number)
    return redirect("warehouse:pack", pk=pick_list.pk)


@staff_view(PERMISSION, shows="pick_list")
@require_http_methods(["GET", "HEAD", "POST"])
def pack_scan(request: HttpRequest, pk: int) -> HttpResponse:
    """The packing screen for the scanner: each piece into the open carton. A carton's code chooses the carton, the
    order's own code closes it."""
    pick_list = get_object_or_404(PickList.objects.select_related("order__shipping_address"), pk=pk)
    if request.method != "POST":
        return _screen(request, pick_list)
    form = PackScanForm(request.POST)
    if not form.is_valid():
        return _screen(request, pick_list, problem=first_error(form), status=400)
    code, chosen = form.cleaned_data["code"], form.cleaned_data["carton"]
    carton = Carton.objects.filter(code__iexact=code, is_active=True).first() if code else None
    if carton is not None:
        right(request, _("Carton %(code)s.") % {"code": carton.code})
        return redirect(_address(pick_list, carton))
    if same_code(code, pick_list.order.number) or same_code(code, f"list:{pick_list.pk}"):
        return _close(request, pick_list, 0, chosen)
    try:
        text = packing.scan(
            pick_list=pick_list,
            code=code,
            quantity=form.cleaned_data["quantity"],
            scan_id=form.cleaned_data["scan_id"],
            by=request.user,
        )
    except StockError as error:
        return _screen(request, pick_list, problem=str(error), carton=chosen, status=409)
    right(request, text)
    return redirect(_address(pick_list, chosen))


def _address(pick_list: PickList, carton: Carton | None) -> str:
    target = reverse("warehouse:pack-scan", args=[pick_list.pk])
    return f"{target}?carton={carton.pk}" if carton else target


@staff_view(PERMISSION, shows="pick_list")
@require_POST
def pack_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The last scan comes out of the carton again."""
    pick_list = get_object_or_404(PickList.objects.select_related("order"), pk=pk)
    try:
        text = packing.take_back(pick_list=pick_list, by=request.user)
    except StockError as error:
        return _screen(request, pick_list, problem=str(error), status=409)
    right(request, text)
    return redirect("warehouse:pack-scan", pk=pk)


@staff_view(PERMISSION, shows="pick_list")
@require_POST
def pack_close(request: HttpRequest, pk: int) -> HttpResponse:
    """The open carton is closed and becomes a parcel."""
    pick_list = get_object_or_404(PickList.objects.select_related("order__shipping_address"), pk=pk)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _screen(request, pick_list, problem=first_error(form), status=400)
    return _close(request, pick_list, form.cleaned_data["weight_g"] or 0, form.cleaned_data["carton"])


def _close(request: HttpRequest, pick_list: PickList, weight_g: int, carton: Carton | None) -> HttpResponse:
    try:
        parcel = packing.close(pick_list=pick_list, by=request.user, weight_g=weight_g, carton=carton)
    except StockError as error:
        return _screen(request, pick_list, problem=str(error), carton=carton, status=409)
    _say_packed(request, parcel)
    return redirect("warehouse:parcel", pk=parcel.pk)


def _screen(
    request: HttpRequest,
    pick_list: PickList,
    *,
    problem: str = "",
    carton: Carton | None = None,
    status: int = 200,
) -> HttpResponse:
    box = packing.look(pick_list)
    proposal = packing.proposal([row.line for row in box.rows], box.quantities())
    asked = request.GET.get("carton", "")
    if carton is None and asked.isdigit() and len(asked) < 19:
        carton = Carton.objects.filter(pk=int(asked), is_active=True).first()
    chosen = carton.pk if carton else getattr(proposal.carton, "pk", None)
    blocked = ""
    try:
        actions.check_order(pick_list.order)
        if not box.inside:
            actions.check_list(pick_list)
    except StockError as error:
        blocked = str(error)
    others = {scan.by.name for scan in box.scans if scan.by and scan.by != request.user}
    context = {
        "list": pick_list,
        "box": box,
        "blocked": blocked,
        **answers(request, problem),
        "scan_id": uuid.uuid4(),
        "carton": carton,
        "proposal": proposal,
        "close_form": CloseForm(initial={"carton": chosen}),
        "colleagues": ", ".join(sorted(others)),
        "address_problems": _address_problems(pick_list),
        "parcels": queries.parcels_of(pick_list.order_id),
    }
    return render(request, "dashboard/warehouse/pack_scan.html", context, status=status)


urlpatterns = [
    path("packing/", packing_list, name="packing"),
    path("packing/scan/", packing_find, name="pack-find"),
    path("packing/<row:pk>/", pack, name="pack"),
    path("packing/<row:pk>/scan/", pack_scan, name="pack-scan"),
    path("packing/<row:pk>/take-back/", pack_back, name="pack-back"),
    path("packing/<row:pk>/close/", pack_close, name="pack-close"),
    path("orders/<str:number>/parcels/", order_parcels, name="order-parcels"),
]
