"""The dock's screens, for phone and scanner: find the return, then piece by piece article, grade, place; finish.

Each step carries what is known in the address; nothing is booked before the place was scanned. So every step can be
left, gone back from and repeated, with and without script.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from checkout.order.models import Order
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.codes import find_bin
from fulfilment.warehouse.stock.models import Bin
from shop.kernel.access import staff_view

from . import actions, queries
from .finding import FOUND_MAX, Found, find, search_orders
from .forms import CODE_MAX_CHARS, BookForm, FindForm, ItemForm, StepForm, WrongForm
from .models import DISPOSAL, DISPOSITIONS, GRADES, Return, ReturnItem
from .queries import DockLine
from .steps import Step, first_error, step_of

RECEIVE = "receiving.receive_returns"
SCAN_TAG = "scan"  #: marks a message that the scan screen shows as its answer
#: What a sign at the bin for disposal may say.
DISPOSAL_CODES = ("disposal", "entsorgung")


@staff_view(RECEIVE, shows="list")
@require_safe
def dock(request: HttpRequest) -> HttpResponse:
    """Scan the return, the order, the parcel or the tracking number; or look for the order by a few words."""
    if "code" not in request.GET:
        return _door(request)
    form = FindForm(request.GET)
    if not form.is_valid():
        return _door(request, problem=first_error(form), status=400)
    code = form.cleaned_data["code"]
    found = find(code)
    if found is not None:
        return _found(request, found)
    orders = list(search_orders(code)[:FOUND_MAX])
    if orders:
        return _door(request, orders=orders, code=code)
    problem = _("Nothing fits %(code)s. Try the order number, or name and postcode.") % {"code": code}
    return _door(request, problem=problem, code=code, status=404)


def _door(
    request: HttpRequest,
    *,
    problem: str = "",
    orders: list[Order] | None = None,
    code: str = "",
    status: int = 200,
) -> HttpResponse:
    answer, others = _scan_message(request)
    context = {
        "result": _bad(problem) if problem else answer,
        "messages": others,
        "orders": orders or [],
        "code": code,
        "expected": queries.returns()
        .filter(state__in=("authorised", "in_transit"))
        .order_by("expected_by")[:5],
        "most": CODE_MAX_CHARS,
    }
    return render(request, "dashboard/warehouse/dock.html", context, status=status)


def _found(request: HttpRequest, found: Found) -> HttpResponse:
    if found.returning is not None:
        name = "dock-return" if found.returning.may_arrive else "return"
        return redirect(f"warehouse:{name}", pk=found.returning.pk)
    assert found.order is not None
    expected = Return.objects.filter(order=found.order, state__in=("announced", "authorised", "in_transit"))
    known = expected.order_by("announced_at", "pk").first()
    if known is not None:
        return redirect("warehouse:dock-return", pk=known.pk)
    context = {"order": found.order, "parcel": found.parcel, "earlier": queries.of_order(found.order.pk)}
    return render(request, "dashboard/warehouse/dock_open.html", context)


@staff_view(RECEIVE)
@require_POST
def dock_open(request: HttpRequest) -> HttpResponse:
    """Nobody announced it: make the return on the spot."""
    order = get_object_or_404(Order, number=request.POST.get("order", "")[:CODE_MAX_CHARS])
    parcel = order.parcels.filter(number=request.POST.get("parcel", "")[:140]).first()
    try:
        made = actions.open_at_dock(order=order, parcel=parcel, by=request.user)
    except StockError as error:
        return _door(request, problem=str(error), status=409)
    return redirect("warehouse:dock-return", pk=made.pk)


@staff_view(RECEIVE, shows="return")
@require_safe
def dock_return(request: HttpRequest, pk: int) -> HttpResponse:
    """The return in hand: the next piece's next step, what was booked, what is still awaited."""
    found = _return(pk)
    if not found.may_arrive:
        return redirect("warehouse:return", pk=pk)
    rows = queries.dock_lines(found)
    step = step_of(rows, StepForm(request.GET))
    return _screen(request, found, rows, step, status=409 if step.problem else 200)


def _screen(
    request: HttpRequest, found: Return, rows: list[DockLine], step: Step, status: int = 200
) -> HttpResponse:
    result, others = _scan_message(request)
    booked = [item for item in found.items.all() if item.reception in ("received", "wrong_item")]
    context = {
        "returning": found,
        "rows": rows,
        "step": step,
        "result": _bad(step.problem) if step.problem else result,
        "messages": others,
        "key": uuid.uuid4().hex,
        "grades": GRADES,
        "disposition": dict(DISPOSITIONS).get(step.to, ""),
        "is_disposal": step.to == DISPOSAL,
        "last": actions.last_booking(found) if booked else None,
        "booked": sorted(booked, key=lambda item: (item.booked_at, item.pk), reverse=True),
        "summary": summary(rows, booked),
        "came": sum(item.quantity for item in booked if item.reception == "received"),
        "awaited": sum(row.awaited for row in rows),
    }
    return render(request, "dashboard/warehouse/dock_return.html", context, status=status)


def summary(rows: list[DockLine], booked: list[ReturnItem]) -> list[str]:
    """What finishing will do, in sentences."""
    labels = dict(DISPOSITIONS)
    said = []
    for way in labels:
        pieces = sum(i.quantity for i in booked if i.reception == "received" and i.disposition == way)
        if pieces:
            text = ngettext("%(n)s piece: %(where)s", "%(n)s pieces: %(where)s", pieces)
            said.append(text % {"n": pieces, "where": labels[way]})
    missing = sum(row.awaited for row in rows)
    if missing:
        text = ngettext(
            "%(n)s piece did not come and is noted as missing",
            "%(n)s pieces did not come and are noted as missing",
            missing,
        )
        said.append(text % {"n": missing})
    wrong = sum(item.quantity for item in booked if item.reception == "wrong_item")
    if wrong:
        text = ngettext("%(n)s wrong article for service", "%(n)s wrong articles for service", wrong)
        said.append(text % {"n": wrong})
    return said


@staff_view(RECEIVE, shows="return")
@require_POST
def dock_book(request: HttpRequest, pk: int) -> HttpResponse:
    """The place was scanned: book the piece there."""
    found = _return(pk)
    rows = queries.dock_lines(found)
    form = BookForm(request.POST)
    step = step_of(rows, form)
    if step.problem or step.name != "place":
        step.problem = step.problem or _("Something was missing. Please scan the article again.")
        return _screen(request, found, rows, step, status=400)
    try:
        item = _book(request, found, step, form)
    except AlreadyBooked as repeated:
        messages.info(request, str(repeated), extra_tags=SCAN_TAG)
        return redirect("warehouse:dock-return", pk=pk)
    except StockError as error:
        step.problem = str(error)
        return _screen(request, _return(pk), queries.dock_lines(found), step, status=409)
    messages.success(request, _said(item), extra_tags=SCAN_TAG)
    return redirect("warehouse:dock-return", pk=pk)


def _book(request: HttpRequest, found: Return, step: Step, form: BookForm) -> ReturnItem:
    assert step.row is not None
    return actions.book(
        returning=found,
        order_line=step.row.line,
        quantity=step.pieces,
        grade=step.grade,
        disposition=step.to,
        bin=_scanned_bin(form.cleaned_data["place"].strip(), step.to),
        lot=step.lot,
        note=form.cleaned_data["note"],
        key=form.cleaned_data["key"],
        by=request.user,
    )


def _scanned_bin(code: str, to: str) -> Bin | None:
    """The bin that was scanned; None for disposal, whose sign may be scanned or whose button pressed."""
    if to == DISPOSAL and (not code or code.casefold() in DISPOSAL_CODES):
        return None
    if not code:
        raise actions.DockError(_("Please scan the bin."))
    place = find_bin(code)
    if place is None:
        raise actions.DockError(_("There is no bin %(code)s.") % {"code": code[:60]})
    return place


def _said(item: ReturnItem) -> str:
    """What just happened."""
    line = item.order_line
    facts = {"n": item.quantity, "sku": line.partner_sku if line else item.code}
    if item.disposition == DISPOSAL:
        return _("%(n)s × %(sku)s: thrown away.") % facts
    return _("%(n)s × %(sku)s lies in %(bin)s.") % (facts | {"bin": item.bin})


@staff_view(RECEIVE, shows="return")
@require_POST
def dock_wrong(request: HttpRequest, pk: int) -> HttpResponse:
    """Record something that was not sent with this order."""
    found = _return(pk)
    form = WrongForm(request.POST)
    if not form.is_valid():
        return _screen(request, found, queries.dock_lines(found), Step(problem=first_error(form)), status=400)
    said = form.cleaned_data
    try:
        actions.record_wrong(
            returning=found,
            code=said["code"],
            quantity=said["n"] or 1,
            note=said["note"],
            key=said["key"],
            by=request.user,
        )
    except AlreadyBooked as repeated:
        messages.info(request, str(repeated), extra_tags=SCAN_TAG)
    except StockError as error:
        return _screen(request, found, queries.dock_lines(found), Step(problem=str(error)), status=409)
    else:
        text = _("%(code)s is recorded as a wrong article. Put it aside; service decides what becomes of it.")
        messages.success(request, text % {"code": said["code"]}, extra_tags=SCAN_TAG)
    return redirect("warehouse:dock-return", pk=pk)


@staff_view(RECEIVE)
@require_POST
def dock_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the last booking."""
    found = _return(pk)
    form = ItemForm(request.POST)
    if not form.is_valid():
        return _screen(request, found, queries.dock_lines(found), Step(problem=first_error(form)), status=400)
    try:
        item = actions.undo_last(returning=found, item_id=form.cleaned_data["item"], by=request.user)
    except StockError as error:
        return _screen(request, found, queries.dock_lines(found), Step(problem=str(error)), status=409)
    name = item.order_line.partner_sku if item.order_line else item.code
    messages.success(request, _("Undone: %(what)s. Scan it again.") % {"what": name}, extra_tags=SCAN_TAG)
    return redirect("warehouse:dock-return", pk=pk)


@staff_view(RECEIVE)
@require_POST
def dock_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Is the parcel empty."""
    found = _return(pk)
    try:
        actions.finish(returning=found, by=request.user)
    except StockError as error:
        return _screen(request, found, queries.dock_lines(found), Step(problem=str(error)), status=409)
    if found.state == "settled":
        text = _("Return %(number)s is unpacked and settled. Service and accounts are told.")
    else:
        text = _("Return %(number)s is unpacked. Service decides what is still open.")
    messages.success(request, text % {"number": found.number}, extra_tags=SCAN_TAG)
    return redirect("warehouse:dock")


def _return(pk: int) -> Return:
    return get_object_or_404(queries.with_items(Return.objects.select_related("order")), pk=pk)


def _scan_message(request: HttpRequest) -> tuple[dict[str, str] | None, list[Any]]:
    """The answer to the last scan, and the other messages."""
    shown = list(messages.get_messages(request))
    scans = [message for message in shown if SCAN_TAG in message.tags.split()]
    answer = {"kind": "good", "text": str(scans[-1])} if scans else None
    return answer, [message for message in shown if message not in scans]


def _bad(problem: str) -> dict[str, str]:
    return {"kind": "bad", "text": problem}


urlpatterns = [
    path("returns/dock/", dock, name="dock"),
    path("returns/dock/open/", dock_open, name="dock-open"),
    path("returns/<row:pk>/dock/", dock_return, name="dock-return"),
    path("returns/<row:pk>/dock/book/", dock_book, name="dock-book"),
    path("returns/<row:pk>/dock/wrong/", dock_wrong, name="dock-wrong"),
    path("returns/<row:pk>/dock/undo/", dock_undo, name="dock-undo"),
    path("returns/<row:pk>/dock/finish/", dock_finish, name="dock-finish"),
]
