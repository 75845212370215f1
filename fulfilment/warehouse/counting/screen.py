"""The counter's screen for phone and scanner, and the count form of the article's page.

The figures of the books are never on it: who counts sees only what they counted themselves.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.answers import SCAN_TAG, scan_answers
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.dashboard.skus import last_movement, sku_page
from fulfilment.warehouse.stock.forms import CountForm
from shop.kernel.access import staff_view

from . import actions, approval, queries
from .errors import NothingScanned
from .forms import TallyForm, TotalForm
from .models import CountLine, CountTask
from .page import task_page
from .states import IN_HAND


@staff_view("counting.count_bins")
@require_safe
def count_screen(request: HttpRequest, pk: int) -> HttpResponse:
    """The bin, large, and one field to scan into."""
    return _screen(request, pk)


def _screen(
    request: HttpRequest,
    pk: int,
    problem: str = "",
    form: TallyForm | None = None,
    says_empty: bool = False,
    status: int = 200,
    line_asked: int | None = None,
) -> HttpResponse:
    found = get_object_or_404(queries.tasks(), pk=pk)
    mine = actions.worker_id(found) == request.user.pk
    if found.state not in (*IN_HAND, "open", "recount") or (found.state in IN_HAND and not mine):
        return task_page(request, pk, problem=problem, status=status)
    answers, others = scan_answers(request)
    lines = list(queries.lines_of(pk))
    if found.in_second_round:
        lines = [line for line in lines if line.recount]
    context = {
        "task": found,
        "mine": mine,
        "counted_first": found.state == "recount" and found.counter_id == request.user.pk,
        "form": form or TallyForm(initial={"quantity": 1}),
        "rows": [(line, line.second if found.in_second_round else line.first) for line in lines],
        "says_empty": says_empty,
        "line_asked": line_asked,
        "answers": [] if problem else answers,
        "problem": problem,
        "messages": others,
    }
    return render(request, "dashboard/warehouse/counts/count.html", context, status=status)


@staff_view("counting.count_bins")
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """The counter stands before the bin: its code is scanned, or the button pressed."""
    found = get_object_or_404(CountTask.objects.select_related("bin"), pk=pk)
    code = request.POST.get("code", "").strip()
    if code and code.casefold() != found.bin.code.casefold():
        text = _("This is not the bin. Please go to %(bin)s.") % {"bin": found.bin}
        return _screen(request, pk, problem=text, status=409)
    try:
        actions.start(task=found, by=request.user, alone=request.POST.get("alone") == "1")
    except StockError as error:
        return _screen(request, pk, problem=str(error), status=409)
    messages.success(request, _("Right bin. Now scan what lies there."), extra_tags=SCAN_TAG)
    return redirect("warehouse:count-screen", pk=pk)


@staff_view("counting.count_bins")
@require_POST
def tally(request: HttpRequest, pk: int) -> HttpResponse:
    """An article was scanned, alone or with a number; the bin's code again says that all is counted."""
    found = get_object_or_404(CountTask.objects.select_related("bin"), pk=pk)
    if request.POST.get("code", "").strip().casefold() == found.bin.code.casefold():
        return _finish(request, found)
    form = TallyForm(request.POST)
    if not form.is_valid():
        return _screen(request, pk, form=form, problem=_first_error(form), status=400)
    data = form.cleaned_data
    try:
        total = actions.tally(
            task=found, stockrecord=data["code"], quantity=data["quantity"], lot=data["lot"], by=request.user,
            key=data["key"],
        )  # fmt: skip
    except AlreadyBooked as error:
        messages.info(request, str(error), extra_tags=SCAN_TAG)
    except StockError as error:
        return _screen(request, pk, problem=str(error), status=409)
    else:
        text = ngettext("%(sku)s: %(n)s piece counted.", "%(sku)s: %(n)s pieces counted.", total)
        messages.success(request, text % {"sku": data["code"].partner_sku, "n": total}, extra_tags=SCAN_TAG)
    return redirect("warehouse:count-screen", pk=pk)


@staff_view("counting.count_bins")
@require_POST
def total(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """The counter says how many there are in all."""
    mine = get_object_or_404(CountLine.objects.select_related("task", "stockrecord"), pk=line, task=pk)
    form = TotalForm(request.POST)
    if not form.is_valid():
        return _screen(request, pk, problem=_first_error(form), status=400, line_asked=line)
    counted = form.cleaned_data["counted"]
    try:
        actions.set_total(
            task=mine.task, line=mine, counted=counted, by=request.user, key=form.cleaned_data["key"]
        )
    except AlreadyBooked as error:
        messages.info(request, str(error), extra_tags=SCAN_TAG)
    except StockError as error:
        return _screen(request, pk, problem=str(error), status=409)
    else:
        text = ngettext("%(sku)s: %(n)s piece counted.", "%(sku)s: %(n)s pieces counted.", counted)
        values = {"sku": mine.stockrecord.partner_sku, "n": counted}
        messages.success(request, text % values, extra_tags=SCAN_TAG)
    return redirect("warehouse:count-screen", pk=pk)


@staff_view("counting.count_bins")
@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """All is counted."""
    return _finish(request, get_object_or_404(CountTask, pk=pk), empty=request.POST.get("empty") == "1")


def _finish(request: HttpRequest, found: CountTask, empty: bool = False) -> HttpResponse:
    try:
        state = actions.finish(task=found, by=request.user, empty=empty)
    except StockError as error:
        says_empty = isinstance(error, NothingScanned)
        return _screen(request, found.pk, problem=str(error), says_empty=says_empty, status=409)
    texts = {
        "booked": _("Count %(number)s is done and booked. Thank you."),
        "recount": _("Count %(number)s has to be done a second time, by a colleague if one is there."),
        "approval": _("Count %(number)s is done. Another person looks at it before it is booked."),
    }
    messages.success(request, texts[state] % {"number": found.number})
    return redirect("warehouse:counts")


@staff_view("counting.count_bins")
@require_POST
def let_go(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop; a colleague begins anew."""
    found = get_object_or_404(CountTask, pk=pk)
    try:
        actions.let_go(task=found, by=request.user)
    except StockError as error:
        return _screen(request, pk, problem=str(error), status=409)
    messages.success(
        request, _("Count %(number)s is free for others; it begins anew.") % {"number": found.number}
    )
    return redirect("warehouse:counts")


@staff_view("counting.count_bins")
@require_POST
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Count a bin that a colleague left."""
    found = get_object_or_404(CountTask, pk=pk)
    try:
        actions.take_over(task=found, by=request.user)
    except StockError as error:
        return _screen(request, pk, problem=str(error), status=409)
    messages.success(request, _("The count is yours now; it begins anew."), extra_tags=SCAN_TAG)
    return redirect("warehouse:count-screen", pk=pk)


@staff_view("stock.adjust_stock")
@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """The count form of the article's page: by the same rules as every count."""
    record = get_object_or_404(StockRecord, pk=pk)
    form = CountForm(request.POST, prefix="count")
    made: CountTask | None = None
    if form.is_valid():
        try:
            made = approval.correct(stockrecord=record, by=request.user, **form.cleaned_data)
        except StockError as error:
            # The count that follows begins with this page.
            form = CountForm({**request.POST.dict(), "count-seen": last_movement(pk)}, prefix="count")
            form.add_error(None, str(error))
    if form.errors:
        return sku_page(request, pk, count_form=form, status=400)
    bin = form.cleaned_data["bin"]
    if made is None:
        messages.success(request, _("Bin %(bin)s: the count agrees, nothing to book.") % {"bin": bin})
    elif made.state == "booked":
        difference = sum(line.difference for line in made.lines.all())
        text = _("Bin %(bin)s: difference of %(n)s booked.")
        messages.success(request, text % {"bin": bin, "n": f"{difference:+d}"})
    else:
        text = _("Bin %(bin)s: nothing is booked yet. Count %(number)s waits for another person's approval.")
        messages.warning(request, text % {"bin": bin, "number": made.number})
    return redirect("warehouse:sku", pk=pk)


def _first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


urlpatterns = [
    path("counts/<row:pk>/count/", count_screen, name="count-screen"),
    path("counts/<row:pk>/start/", start, name="count-start"),
    path("counts/<row:pk>/tally/", tally, name="count-tally"),
    path("counts/<row:pk>/lines/<row:line>/", total, name="count-total"),
    path("counts/<row:pk>/finish/", finish, name="count-finish"),
    path("counts/<row:pk>/let-go/", let_go, name="count-let-go"),
    path("counts/<row:pk>/take-over/", take_over, name="count-take-over"),
    path("stock/<row:pk>/count/", correct, name="count"),
]
