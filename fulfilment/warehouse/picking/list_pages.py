"""Pages of pick lists: all of them, one, and what may be done with a whole list."""

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

from checkout.order.models import Line
from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.routing.queries import routings_of
from fulfilment.warehouse.routing.words import reason_text
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view

from . import actions, queries
from .actions.rules import batch_of
from .forms import PickListSearch, PlanForm
from .history import events_of
from .models import URGENT, PickList

SORT = {
    "order": "order__number",
    "state": "state",
    "created": "created_at",
    "pieces": "wanted",
    "missing": "missing",
    "due": "due_at",
}


@staff_view("picking.pick_orders")
@require_safe
def pick_lists(request: HttpRequest) -> HttpResponse:
    """What is to be picked: urgent orders first, then the oldest."""
    form = PickListSearch(request.GET)
    rows = queries.pick_lists()
    state, text = form.value("state"), form.value("q")
    if text:
        with_sku = Line.objects.filter(partner_sku__iexact=text).values("order")
        rows = rows.filter(Q(order__number__icontains=text) | Q(order__in=with_sku))
    if state and state != "all":
        rows = rows.filter(state=state)
    elif not state and not text:
        rows = rows.filter(state__in=queries.IN_WORK)
    if form.value("priority") == "urgent":
        rows = rows.filter(priority__gte=URGENT)
    rows = sorted_by(request, rows, SORT, ["-priority", "created_at", "pk"])
    if wants_csv(request):
        head = [
            _("Order"),
            _("State"),
            _("Pieces"),
            _("Picked"),
            _("Missing"),
            _("Picker"),
            _("Since"),
            _("Cut-off"),
            _("Priority"),
        ]
        return csv_file("pick-lists", head, (_cells(row) for row in rows))
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "put_back": list(queries.goods_to_put_back(PickList.objects.select_related("order"))[:20]),
    }
    return render(request, "dashboard/warehouse/pick_lists.html", context, status=form.status)


def _cells(row: Any) -> list[Any]:
    picker = row.picker.name if row.picker else ""
    return [
        row.order.number,
        row.get_state_display(),
        row.wanted,
        row.taken,
        row.missing,
        picker,
        row.created_at.isoformat(),
        row.due_at.isoformat() if row.due_at else "",
        row.get_priority_display(),
    ]


@staff_view("picking.pick_orders")
@require_safe
def pick_list(request: HttpRequest, pk: int) -> HttpResponse:
    """One list: every line, what may be done now, and what happened."""
    return list_page(request, pk)


class _NotUnderstood(actions.PickError):
    """A form that says itself what is wrong with it."""

    def __init__(self, form: PlanForm) -> None:
        super().__init__()
        self.form = form


def list_page(
    request: HttpRequest, pk: int, problem: str = "", status: int = 200, plan_form: PlanForm | None = None
) -> HttpResponse:
    """The page of one list; ``problem`` is said on top of it, ``plan_form`` is what was just typed."""
    found = get_object_or_404(queries.pick_lists(), pk=pk)
    lines = queries.lines_of(pk)
    planned = {"urgent": found.is_urgent, "due_at": found.due_at, "carrier": found.carrier}
    context = {
        "list": found,
        "lines": lines,
        "mine": found.state == "picking" and found.picker_id == request.user.pk,
        "plan_form": plan_form or PlanForm(initial=planned),
        "can_plan": found.state not in ("packed", "cancelled"),
        "batch": batch_of(found),
        "refused": list(queries.refused_scans(pick_list=pk)),
        "problem": problem,
        "routings": [(routing, reason_text(routing)) for routing in routings_of(found.order_id)],
        "movable": found.state in ("open", "picking"),
        "events": events_of(found, lines),
        "crumbs": [
            {"title": _("Pick lists"), "url": reverse("warehouse:pick-lists")},
            {"title": found.order.number},
        ],
    }
    return render(request, "dashboard/warehouse/pick_list.html", context, status=status)


def _start(request: HttpRequest, found: PickList) -> str:
    actions.start(pick_list=found, by=request.user)
    return "warehouse:pick"


def _take_over(request: HttpRequest, found: PickList) -> str:
    actions.take_over(pick_list=found, by=request.user)
    messages.success(request, _("The list is yours now."))
    return "warehouse:pick"


def _let_go(request: HttpRequest, found: PickList) -> str:
    actions.let_go(pick_list=found, by=request.user)
    messages.success(request, _("The list is free for others; what was picked stays picked."))
    return "warehouse:pick-list"


def _plan_rest(request: HttpRequest, found: PickList) -> str:
    pieces = actions.plan_rest(pick_list=found, by=request.user)
    text = ngettext(
        "%(n)s missing piece can be picked now.", "%(n)s missing pieces can be picked now.", pieces
    )
    messages.success(request, text % {"n": pieces})
    return "warehouse:pick-list"


def _put_back(request: HttpRequest, found: PickList) -> str:
    pieces = actions.put_back(pick_list=found, by=request.user)
    text = ngettext("%(n)s piece lies in its bin again.", "%(n)s pieces lie in their bins again.", pieces)
    messages.success(request, text % {"n": pieces})
    return "warehouse:pick-list"


def _reschedule(request: HttpRequest, found: PickList) -> str:
    form = PlanForm(request.POST)
    if not form.is_valid():
        raise _NotUnderstood(form)
    data = form.cleaned_data
    actions.reschedule(
        pick_list=found,
        by=request.user,
        why=data["why"],
        urgent=data["urgent"],
        due_at=data["due_at"],
        carrier=data["carrier"] or None,
    )
    messages.success(request, _("The pick list is planned by the new values."))
    return "warehouse:pick-list"


VERBS: dict[str, Callable[[HttpRequest, PickList], str]] = {
    "start": _start,
    "take-over": _take_over,
    "let-go": _let_go,
    "plan-rest": _plan_rest,
    "put-back": _put_back,
    "reschedule": _reschedule,
}


@staff_view("picking.pick_orders")
@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """What may be done with a whole list: start, take over, let go, plan the rest, put back."""
    found = get_object_or_404(PickList.objects.select_related("order", "picker"), pk=pk)
    if verb not in VERBS:
        raise Http404(verb)
    try:
        target = VERBS[verb](request, found)
    except _NotUnderstood as error:
        return list_page(request, pk, plan_form=error.form, status=400)
    except StockError as error:
        return list_page(request, pk, problem=str(error), status=409)
    return redirect(target, pk=pk)


urlpatterns = [
    path("pick-lists/", pick_lists, name="pick-lists"),
    path("pick-lists/<row:pk>/", pick_list, name="pick-list"),
    path("pick-lists/<row:pk>/<slug:verb>/", act, name="pick-act"),
]
