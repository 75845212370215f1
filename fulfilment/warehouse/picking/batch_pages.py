"""Pages of batches: all of them with their progress, one with its boxes and stops, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.ui.reasons import reason

from . import actions, queries
from .forms import AddOrderForm, BatchSearch, ReasonForm, SettleForm
from .models import Batch, BatchBox, PickList, ScanRecord
from .papers import cart_paper

SORT = {
    "number": "pk",
    "state": "state",
    "due": "due_at",
    "orders": "orders",
    "pieces": "pieces",
    "missing": "missing",
}
IN_WORK = ("open", "picking")


@staff_view("picking.pick_orders")
@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """What is planned and on its way, the next cut-off first."""
    form = BatchSearch(request.GET)
    rows = queries.batches()
    state, kind, text = form.value("state"), form.value("kind"), form.value("q")
    if text:
        with_order = BatchBox.objects.filter(pick_list__order__number__icontains=text).values("batch")
        rows = rows.filter(Q(number__icontains=text) | Q(pk__in=with_order))
    if state and state != "all":
        rows = rows.filter(state=state)
    elif not state and not text:
        rows = rows.filter(state__in=IN_WORK)
    if kind:
        rows = rows.filter(kind=kind)
    rows = sorted_by(request, rows, SORT, ["due_at", "pk"])
    if wants_csv(request):
        head = [
            _("Batch"), _("Kind"), _("Zone"), _("State"), _("Cut-off"), _("Orders"), _("Stops"), _("Done"),
            _("Pieces"), _("Picked"), _("Missing"), _("Picker"),
        ]  # fmt: skip
        return csv_file("batches", head, (_cells(row) for row in rows))
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "refused": queries.refused_scans(batch__isnull=False).count(),
        "plan_url": reverse("warehouse:plan") if request.user.has_perm("picking.plan_picking") else "",
    }
    return render(request, "dashboard/warehouse/batches.html", context, status=form.status)


def _cells(row: Any) -> list[Any]:
    return [
        row.number,
        row.get_kind_display(),
        row.zone.code if row.zone else "",
        row.get_state_display(),
        row.due_at.isoformat() if row.due_at else "",
        row.orders,
        row.stops,
        row.done,
        row.pieces,
        row.taken,
        row.missing,
        row.picker.name if row.picker else "",
    ]


@staff_view("picking.pick_orders")
@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One batch: boxes, stops, who, refused scans, and what may be done now."""
    return batch_page(request, pk)


def batch_page(request: HttpRequest, pk: int, problem: str = "", status: int = 200) -> HttpResponse:
    """The page of one batch; ``problem`` is said on top of it."""
    found = get_object_or_404(queries.batches(), pk=pk)
    boxes = queries.boxes_of(pk)
    numbers = {box.pick_list_id: box.box for box in boxes}
    lines = queries.lines_of_batch(pk)
    for line in lines:
        line.box = numbers.get(line.pick_list_id)  # type: ignore[attr-defined]
    changes = StateChange.objects.filter(machine="batch", thing_id=pk).select_related("by")
    labels = dict(Batch.machine.choices)
    context = {
        "batch": found,
        "boxes": boxes,
        "lines": lines,
        "mine": found.state == "picking" and found.picker_id == request.user.pk,
        "active": found.state in IN_WORK,
        "refused": list(queries.refused_scans(batch=pk)),
        "problem": problem,
        "events": [
            {
                "title": labels.get(c.new, c.new),
                "at": c.at,
                "by": c.by.name if c.by else "",
                "text": reason(c.why),
            }
            for c in changes
        ],
        "crumbs": [{"title": _("Batches"), "url": reverse("warehouse:batches")}, {"title": found.number}],
    }
    return render(request, "dashboard/warehouse/batch.html", context, status=status)


@staff_view("picking.pick_orders")
@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper for the cart: box numbers with their orders."""
    found = get_object_or_404(queries.batches(), pk=pk)
    response = HttpResponse(cart_paper(found), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return response


def _start(request: HttpRequest, found: Batch) -> str:
    _tell_left_behind(request, actions.start_batch(batch=found, by=request.user))
    return "warehouse:pick-batch"


def _take_over(request: HttpRequest, found: Batch) -> str:
    _tell_left_behind(request, actions.take_over_batch(batch=found, by=request.user))
    messages.success(request, _("The batch is yours now."))
    return "warehouse:pick-batch"


def _tell_left_behind(request: HttpRequest, numbers: list[str]) -> None:
    if numbers:
        text = _("Not wanted now and left out of the batch: %(orders)s.")
        messages.warning(request, text % {"orders": ", ".join(numbers)})


def _let_go(request: HttpRequest, found: Batch) -> str:
    actions.let_go_batch(batch=found, by=request.user)
    messages.success(request, _("The batch is free for others; what was picked stays picked."))
    return "warehouse:batch"


def _cancel(request: HttpRequest, found: Batch) -> str:
    lines = actions.cancel_batch(batch=found, by=request.user, why=_reason(request))
    text = ngettext(
        "The batch is cancelled; %(n)s line waits to be planned.",
        "The batch is cancelled; %(n)s lines wait to be planned.",
        lines,
    )
    messages.success(request, text % {"n": lines})
    return "warehouse:batch"


def _add(request: HttpRequest, found: Batch) -> str:
    form = AddOrderForm(request.POST)
    if not form.is_valid():
        raise actions.PickError(_first_error(form))
    number = form.cleaned_data["order"].strip()
    lists = PickList.objects.select_related("order").filter(order__number__iexact=number, site=found.site)
    pick_list = lists.first()
    if pick_list is None:
        raise actions.PickError(
            _("No pick list here has the order number “%(number)s”.") % {"number": number}
        )
    box = actions.add_to_batch(batch=found, pick_list=pick_list, by=request.user)
    text = _("Order %(number)s goes into box %(box)s.")
    messages.success(request, text % {"number": pick_list.order.number, "box": box.box})
    return "warehouse:batch"


def _remove(request: HttpRequest, found: Batch) -> str:
    box = get_object_or_404(found.boxes.select_related("pick_list__order"), pk=_row(request, "box"))
    actions.remove_from_batch(batch=found, pick_list=box.pick_list, by=request.user, why=_reason(request))
    text = _("Order %(number)s is out of the batch and waits to be planned.")
    messages.success(request, text % {"number": box.pick_list.order.number})
    return "warehouse:batch"


def _reason(request: HttpRequest) -> str:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise actions.PickError(_first_error(form))
    return str(form.cleaned_data["why"])


def _row(request: HttpRequest, name: str) -> int:
    """An id from a form; 404 when it is none."""
    value = request.POST.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise Http404(name)
    return int(value)


def _first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


VERBS: dict[str, Callable[[HttpRequest, Batch], str]] = {
    "start": _start,
    "take-over": _take_over,
    "let-go": _let_go,
    "cancel": _cancel,
    "add": _add,
    "remove": _remove,
}


@staff_view("picking.pick_orders")
@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """What may be done with a batch: start, take over, let go, cancel, an order in or out."""
    found = get_object_or_404(Batch.objects.select_related("picker", "site", "zone"), pk=pk)
    if verb not in VERBS:
        raise Http404(verb)
    try:
        target = VERBS[verb](request, found)
    except StockError as error:
        return batch_page(request, pk, problem=str(error), status=409)
    return redirect(target, pk=pk)


@staff_view("picking.pick_orders")
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody looked after a refused scan and says what was done."""
    record = get_object_or_404(ScanRecord, pk=pk, accepted=False)
    form = SettleForm(request.POST)
    try:
        if not form.is_valid():
            raise actions.PickError(_first_error(form))
        actions.settle_scan(record=record, by=request.user, note=form.cleaned_data["note"])
        messages.success(request, _("The scan is settled."))
    except StockError as error:
        messages.error(request, str(error))
    if record.batch_id:
        return redirect("warehouse:batch", pk=record.batch_id)
    if record.pick_list_id:
        return redirect("warehouse:pick-list", pk=record.pick_list_id)
    return redirect("warehouse:batches")


urlpatterns = [
    path("batches/", batches, name="batches"),
    path("batches/<row:pk>/", batch, name="batch"),
    path("batches/<row:pk>/paper/", paper, name="batch-paper"),
    path("batches/<row:pk>/<slug:verb>/", act, name="batch-act"),
    path("refused-scans/<row:pk>/settle/", settle, name="settle-scan"),
]
