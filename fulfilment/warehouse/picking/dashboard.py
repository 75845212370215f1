"""Staff pages of picking: the lists, one list, and the screen for phone and scanner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from checkout.order.models import Line
from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry

from . import actions, queries
from .forms import LineForm, PickListSearch, ScanForm
from .models import PickLine, PickList

SCAN_TAG = "scan"  #: messages with this tag are the scan screen's answer, not a toast
SORT = {
    "order": "order__number",
    "state": "state",
    "created": "created_at",
    "pieces": "wanted",
    "missing": "missing",
}


@staff_view("picking.pick_orders")
@require_GET
def pick_lists(request: HttpRequest) -> HttpResponse:
    """What is to be picked, oldest order first."""
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
    rows = sorted_by(request, rows, SORT, ["created_at", "pk"])
    if wants_csv(request):
        head = [_("Order"), _("State"), _("Pieces"), _("Picked"), _("Missing"), _("Picker"), _("Since")]
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
    ]


@staff_view("picking.pick_orders")
@require_GET
def pick_list(request: HttpRequest, pk: int) -> HttpResponse:
    """One list: every line, what may be done now, and what happened."""
    return _list_page(request, pk)


def _list_page(request: HttpRequest, pk: int, problem: str = "", status: int = 200) -> HttpResponse:
    found = get_object_or_404(queries.pick_lists(), pk=pk)
    changes = StateChange.objects.filter(machine="pick_list", thing_id=pk).select_related("by")
    labels = dict(PickList.machine.choices)
    context = {
        "list": found,
        "lines": queries.lines_of(pk),
        "mine": found.state == "picking" and found.picker_id == request.user.pk,
        "problem": problem,
        "events": [
            {"title": labels.get(c.new, c.new), "at": c.at, "by": c.by.name if c.by else "", "text": c.why}
            for c in changes
        ],
        "crumbs": [
            {"title": _("Pick lists"), "url": reverse("warehouse:pick-lists")},
            {"title": found.order.number},
        ],
    }
    return render(request, "dashboard/warehouse/pick_list.html", context, status=status)


@staff_view("picking.pick_orders")
@require_GET
def pick(request: HttpRequest, pk: int) -> HttpResponse:
    """The screen for phone and scanner: the next stop, large, and one field to scan into."""
    return _scan_screen(request, pk)


def _scan_screen(request: HttpRequest, pk: int, problem: str = "", status: int = 200) -> HttpResponse:
    lines = queries.lines_of(pk)
    found = (
        lines[0].pick_list
        if lines
        else get_object_or_404(PickList.objects.select_related("order", "picker"), pk=pk)
    )
    if found.state != "picking" or found.picker_id != request.user.pk:
        return _list_page(request, pk, problem=problem, status=status)
    waiting = [line for line in lines if line.state == "open"]
    line = _chosen(request, waiting)
    answers, others = _answers(request)
    context = {
        "list": found,
        "line": line,
        "picture": queries.picture_url(line.order_line.product) if line else "",
        "waiting": [other for other in waiting if other is not line],
        "closed": [other for other in lines if other.state != "open"],
        "total": len(lines),
        "done": len(lines) - len(waiting),
        "bin_ok": line is not None and request.GET.get("bin") == str(line.pk),
        "result": {"kind": "bad", "text": problem} if problem else answers,
        "messages": others,
    }
    return render(request, "dashboard/warehouse/pick.html", context, status=status)


def _chosen(request: HttpRequest, waiting: list[PickLine]) -> PickLine | None:
    wanted = request.POST.get("line") or request.GET.get("line") or ""
    return next((line for line in waiting if str(line.pk) == wanted), waiting[0] if waiting else None)


def _answers(request: HttpRequest) -> tuple[dict[str, str] | None, list[Any]]:
    """The last scan's answer, and the messages that stay toasts."""
    shown = list(messages.get_messages(request))
    scans = [message for message in shown if SCAN_TAG in message.tags.split()]
    answer = {"kind": "good", "text": str(scans[-1])} if scans else None
    return answer, [message for message in shown if message not in scans]


@staff_view("picking.pick_orders")
@require_POST
def scan(request: HttpRequest, pk: int) -> HttpResponse:
    """A scan arrived: the bin's code, or the product's with a quantity."""
    form = ScanForm(request.POST)
    if not form.is_valid():
        return _scan_screen(request, pk, problem=_first_error(form), status=400)
    line = _line(pk, form.cleaned_data["line"])
    code, quantity = form.cleaned_data["code"], form.cleaned_data["quantity"]
    if line.state == "open" and line.bin and actions.same_code(code, line.bin.code):
        messages.success(request, _("Right bin. Now scan the product."), extra_tags=SCAN_TAG)
        return redirect(f"{reverse('warehouse:pick', args=[pk])}?line={line.pk}&bin={line.pk}")
    try:
        left = actions.scan(line=line, code=code, quantity=quantity, by=request.user)
    except StockError as error:
        return _scan_screen(request, pk, problem=str(error), status=409)
    text = _("Right: %(n)s × %(sku)s.") % {"n": quantity, "sku": line.order_line.partner_sku}
    if left:
        text += " " + ngettext("%(n)s piece more here.", "%(n)s pieces more here.", left) % {"n": left}
    messages.success(request, text, extra_tags=SCAN_TAG)
    target = reverse("warehouse:pick", args=[pk])
    return redirect(f"{target}?line={line.pk}" if left else target)


@staff_view("picking.pick_orders")
@require_POST
def short(request: HttpRequest, pk: int) -> HttpResponse:
    """The bin holds no more of it."""
    form = LineForm(request.POST)
    if not form.is_valid():
        return _scan_screen(request, pk, problem=_first_error(form), status=400)
    line = _line(pk, form.cleaned_data["line"])
    missing = line.quantity_open
    try:
        found = actions.report_short(line=line, by=request.user)
    except StockError as error:
        return _scan_screen(request, pk, problem=str(error), status=409)
    if found:
        text = ngettext(
            "%(n)s piece was found in another bin.", "%(n)s pieces were found in other bins.", found
        )
        messages.success(request, text % {"n": found})
    if found < missing:
        text = ngettext(
            "%(n)s piece is missing; the order shows it.",
            "%(n)s pieces are missing; the order shows it.",
            missing - found,
        )
        messages.warning(request, text % {"n": missing - found})
    return redirect("warehouse:pick", pk=pk)


@staff_view("picking.pick_orders")
@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The goods lie at the packing place; its code may be scanned to say so."""
    found = get_object_or_404(PickList.objects.select_related("order", "packing_place"), pk=pk)
    code = request.POST.get("code", "")
    if code and not actions.same_code(code, found.packing_place.code):
        problem = _("This is not the packing place. Please go to %(bin)s.") % {"bin": found.packing_place}
        return _scan_screen(request, pk, problem=problem, status=409)
    try:
        actions.finish(pick_list=found, by=request.user)
    except StockError as error:
        return _scan_screen(request, pk, problem=str(error), status=409)
    messages.success(
        request, _("Order %(number)s is picked and can be packed.") % {"number": found.order.number}
    )
    return redirect("warehouse:pick-lists")


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


VERBS: dict[str, Callable[[HttpRequest, PickList], str]] = {
    "start": _start,
    "take-over": _take_over,
    "let-go": _let_go,
    "plan-rest": _plan_rest,
    "put-back": _put_back,
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
    except StockError as error:
        return _list_page(request, pk, problem=str(error), status=409)
    return redirect(target, pk=pk)


def _line(pick_list_id: int, line_id: int) -> PickLine:
    """A line of this list, with what scan() reads; 404 for one of another list. One query."""
    lines = PickLine.objects.select_related("pick_list__order", "bin", "order_line")
    return get_object_or_404(lines, pk=line_id, pick_list_id=pick_list_id)


def _first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


urlpatterns = [
    path("pick-lists/", pick_lists, name="pick-lists"),
    path("pick-lists/<row:pk>/", pick_list, name="pick-list"),
    path("pick-lists/<row:pk>/pick/", pick, name="pick"),
    path("pick-lists/<row:pk>/scan/", scan, name="scan"),
    path("pick-lists/<row:pk>/short/", short, name="short"),
    path("pick-lists/<row:pk>/finish/", finish, name="finish"),
    path("pick-lists/<row:pk>/<slug:verb>/", act, name="pick-act"),
]

NAV = [
    NavEntry(
        "warehouse",
        gettext_lazy("Pick lists"),
        "warehouse:pick-lists",
        "picking.pick_orders",
        "scan",
        10,
        queries.to_pick,
    ),
]
