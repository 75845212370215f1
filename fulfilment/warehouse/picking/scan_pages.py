"""The screen for phone and scanner without script: the next stop of a list or a batch, and one field to scan into."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view

from . import actions, phone, queries
from .actions.rules import batch_of
from .api import json_error, wants_json
from .batch_pages import batch_page
from .forms import LineForm, ScanForm
from .list_pages import list_page
from .models import Batch, PickLine, PickList

SCAN_TAG = "scan"  #: messages with this tag are the scan screen's answer, not a toast


@staff_view("picking.pick_orders")
@require_safe
def pick(request: HttpRequest, pk: int) -> HttpResponse:
    """The next stop of a pick list, large."""
    found = get_object_or_404(PickList.objects.select_related("order", "picker", "packing_place"), pk=pk)
    return _screen(request, found)


@staff_view("picking.pick_orders")
@require_safe
def pick_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """The next stop of a batch, large, with the box it goes into."""
    return _screen(request, _batch(pk))


@phone.may_read_barcodes
def _screen(
    request: HttpRequest, walk: PickList | Batch, problem: str = "", status: int = 200
) -> HttpResponse:
    if isinstance(walk, PickList) and walk.state == "picking" and walk.picker_id != request.user.pk:
        batch = batch_of(walk)
        if batch is not None and batch.picker_id == request.user.pk:
            return redirect("warehouse:pick-batch", pk=batch.pk)
    if walk.state != "picking" or walk.picker_id != request.user.pk:
        page = list_page if isinstance(walk, PickList) else batch_page
        return page(request, walk.pk, problem=problem, status=status)
    lines, boxes = _lines(walk)
    waiting = [line for line in lines if line.state == "open"]
    line = _chosen(request, waiting)
    answers, others = _answers(request)
    addresses = _addresses(walk)
    context = {
        **addresses,
        "app": phone.app(request, addresses),
        "packing_place": _packing_place(walk, boxes),
        "line": line,
        "box": boxes.get(line.pick_list_id) if line else None,
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


def _lines(walk: PickList | Batch) -> tuple[list[PickLine], dict[int, Any]]:
    """Lines in walking order, each with the number of its box; boxes by list."""
    if isinstance(walk, PickList):
        return queries.lines_of(walk.pk), {}
    boxes = {box.pick_list_id: box for box in queries.boxes_of(walk.pk)}
    lines = queries.lines_of_batch(walk.pk)
    for line in lines:
        line.box = boxes[line.pick_list_id].box if line.pick_list_id in boxes else None  # type: ignore[attr-defined]
    return lines, boxes


def _packing_place(walk: PickList | Batch, boxes: dict[int, Any]) -> str:
    if isinstance(walk, PickList):
        return walk.packing_place.code
    return next((box.pick_list.packing_place.code for box in boxes.values()), "")


def _addresses(walk: PickList | Batch) -> dict[str, Any]:
    """Where the screen's forms and scripts go, for a list and a batch alike."""
    if isinstance(walk, PickList):
        names = ("walk", "scan", "short", "finish", "pick-list")
        title, key = walk.order.number, "list"
    else:
        names = ("batch-walk", "batch-scan", "batch-short", "batch-finish", "batch")
        title, key = walk.number, "batch"
    walk_url, scan_url, short_url, finish_url, back_url = (
        reverse(f"warehouse:{name}", args=[walk.pk]) for name in names
    )
    return {
        key: walk,
        "walk": walk,
        "walk_name": f"{key}:{walk.pk}",
        "walk_title": title,
        "walk_url": walk_url,
        "scan_url": scan_url,
        "short_url": short_url,
        "finish_url": finish_url,
        "back_url": back_url,
        "scans_url": reverse("warehouse:scans"),
    }


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
    """A scan on a pick list: the bin's code, or the product's with a quantity."""
    return _scanned(request, PickList, pk)


@staff_view("picking.pick_orders")
@require_POST
def scan_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """The same on a batch."""
    return _scanned(request, Batch, pk)


def _scanned(request: HttpRequest, kind: type[PickList] | type[Batch], pk: int) -> HttpResponse:
    form = ScanForm(request.POST)
    if not form.is_valid():
        return _screen(request, _walk(kind, pk), problem=_first_error(form), status=400)
    line = _line(kind, pk, form.cleaned_data["line"])
    code, quantity = form.cleaned_data["code"], form.cleaned_data["quantity"]
    target = _pick_url(kind, pk)
    if line.state == "open" and line.bin and actions.same_code(code, line.bin.code):
        messages.success(request, _("Right bin. Now scan the product."), extra_tags=SCAN_TAG)
        return redirect(f"{target}?line={line.pk}&bin={line.pk}")
    before = line.quantity_open
    try:
        lot = form.cleaned_data["lot"]
        left = actions.scan(line=line, code=code, quantity=quantity, by=request.user, lot=lot)
    except StockError as error:
        return _screen(request, _walk(kind, pk), problem=str(error), status=409)
    messages.success(request, actions.picked_words(line, before - left, left), extra_tags=SCAN_TAG)
    return redirect(f"{target}?line={line.pk}" if left else target)


@staff_view("picking.pick_orders")
@require_POST
def short(request: HttpRequest, pk: int) -> HttpResponse:
    """The bin holds no more of it."""
    return _shorted(request, PickList, pk)


@staff_view("picking.pick_orders")
@require_POST
def short_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """The same on a batch."""
    return _shorted(request, Batch, pk)


def _shorted(request: HttpRequest, kind: type[PickList] | type[Batch], pk: int) -> HttpResponse:
    form = LineForm(request.POST)
    if not form.is_valid():
        return _screen(request, _walk(kind, pk), problem=_first_error(form), status=400)
    line = _line(kind, pk, form.cleaned_data["line"])
    missing = line.quantity_open
    try:
        found = actions.report_short(line=line, by=request.user)
    except StockError as error:
        return _screen(request, _walk(kind, pk), problem=str(error), status=409)
    tell = messages.success if found >= missing else messages.warning
    tell(request, actions.short_words(missing, found))
    return redirect(_pick_url(kind, pk))


@staff_view("picking.pick_orders")
@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The goods lie at the packing place; its code may be scanned to say so."""
    found = get_object_or_404(PickList.objects.select_related("order", "packing_place"), pk=pk)
    problem = _wrong_place(request, found.packing_place.code)
    if not problem and not _repeated(request, found):
        try:
            actions.finish(pick_list=found, by=request.user)
        except StockError as error:
            problem = str(error)
    if problem:
        return _refused(request, found, problem)
    text = _("Order %(number)s is picked and can be packed.") % {"number": found.order.number}
    return _finished(request, text, "warehouse:pick-lists")


@staff_view("picking.pick_orders")
@require_POST
def finish_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """The cart stands at the packing place; its code may be scanned to say so."""
    found = _batch(pk)
    box = found.boxes.select_related("pick_list__packing_place").first()
    problem = _wrong_place(request, box.pick_list.packing_place.code) if box else ""
    done = 0
    if not problem and not _repeated(request, found):
        try:
            done = len(actions.finish_batch(batch=found, by=request.user))
        except StockError as error:
            problem = str(error)
    if problem:
        return _refused(request, found, problem)
    text = _("Batch %(batch)s is done.") % {"batch": found.number}
    if done:
        text += " " + ngettext("%(n)s order can be packed.", "%(n)s orders can be packed.", done) % {
            "n": done
        }
    return _finished(request, text, "warehouse:batches")


def _repeated(request: HttpRequest, walk: PickList | Batch) -> bool:
    """A phone asks again whether the walk is finished, because it did not hear the first answer."""
    return wants_json(request) and walk.state in ("picked", "packed") and walk.picker_id == request.user.pk


def _wrong_place(request: HttpRequest, wanted: str) -> str:
    code = request.POST.get("code", "")
    if code and not actions.same_code(code, wanted):
        return _("This is not the packing place. Please go to %(bin)s.") % {"bin": wanted}
    return ""


def _refused(request: HttpRequest, walk: PickList | Batch, problem: str) -> HttpResponse:
    if wants_json(request):
        return json_error(problem, 409)
    return _screen(request, walk, problem=problem, status=409)


def _finished(request: HttpRequest, text: str, target: str) -> HttpResponse:
    messages.success(request, text)
    if wants_json(request):
        return JsonResponse({"text": text, "next": reverse(target)})
    return redirect(target)


def _pick_url(kind: type[PickList] | type[Batch], pk: int) -> str:
    return reverse("warehouse:pick" if kind is PickList else "warehouse:pick-batch", args=[pk])


def _walk(kind: type[PickList] | type[Batch], pk: int) -> PickList | Batch:
    if kind is Batch:
        return _batch(pk)
    return get_object_or_404(PickList.objects.select_related("order", "picker", "packing_place"), pk=pk)


def _batch(pk: int) -> Batch:
    return get_object_or_404(Batch.objects.select_related("picker", "site", "zone"), pk=pk)


def _line(kind: type[PickList] | type[Batch], walk_id: int, line_id: int) -> PickLine:
    """A line of this walk, with what scan() reads; 404 for one of another. One query."""
    lines = PickLine.objects.select_related("pick_list__order", "bin", "order_line", "batch")
    of_walk = {"batch": walk_id} if kind is Batch else {"pick_list": walk_id}
    return get_object_or_404(lines, pk=line_id, **of_walk)


def _first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


urlpatterns = [
    path("pick-lists/<row:pk>/pick/", pick, name="pick"),
    path("pick-lists/<row:pk>/scan/", scan, name="scan"),
    path("pick-lists/<row:pk>/short/", short, name="short"),
    path("pick-lists/<row:pk>/finish/", finish, name="finish"),
    path("batches/<row:pk>/pick/", pick_batch, name="pick-batch"),
    path("batches/<row:pk>/scan/", scan_batch, name="batch-scan"),
    path("batches/<row:pk>/short/", short_batch, name="batch-short"),
    path("batches/<row:pk>/finish/", finish_batch, name="batch-finish"),
]
