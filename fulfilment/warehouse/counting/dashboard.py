"""Staff pages of counting: the list, ask for a count, its approval, the rules. The phone: ``screen``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import Bin
from shop.kernel.access import staff_view
from shop.kernel.history import signed
from shop.kernel.nav import NavEntry

from . import actions, approval, planning, queries, screen
from .forms import AskForm, CountSearch, PolicyForm, WhyForm
from .judging import policy
from .models import ASKED, CountTask
from .page import crumb, task_page
from .states import TO_DO

SORT = {
    "number": "number",
    "bin": "bin__code",
    "state": "state",
    "cause": "cause",
    "value": "value_minor",
    "created": "created_at",
}
BINS_OFFERED = 500


@staff_view("counting.view_counts")
@require_safe
def counts(request: HttpRequest) -> HttpResponse:
    """What is to be counted in walking order, what waits for approval, and every count before."""
    form = CountSearch(request.GET)
    rows: Any = queries.tasks()
    state, text = form.value("state"), form.value("q")
    if text:
        rows = queries.searched(rows, text)
    if state and state != "all":
        rows = rows.filter(state=state)
    elif not state and not text:
        rows = rows.filter(state__in=(*TO_DO, "approval"))
    if form.value("cause"):
        rows = rows.filter(cause=form.value("cause"))
    rows = sorted_by(request, rows, SORT, ["bin__sequence", "bin__code", "pk"])
    if wants_csv(request):
        head = [
            _("Count"), _("Bin"), _("Article"), _("Cause"), _("State"), _("Articles"), _("Value of the differences"),
            _("Counted by"), _("Counted again by"), _("Approved by"), _("Since"),
        ]  # fmt: skip
        return csv_file("counts", head, (_cells(row) for row in rows.iterator(chunk_size=1_000)))
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "waiting": queries.to_approve(),
    }
    return render(request, "dashboard/warehouse/counts/list.html", context, status=form.status)


def _cells(row: Any) -> list[Any]:
    people = [person.name if person else "" for person in (row.counter, row.recounter, row.approver)]
    sku = row.stockrecord.partner_sku if row.stockrecord else ""
    # Blind: what is not booked yet may be counted again.
    value = row.value_minor / 100 if row.state == "booked" else ""
    return [
        row.number, row.bin.code, sku, row.get_cause_display(), row.get_state_display(), row.articles,
        value, *people, row.created_at.isoformat(),
    ]  # fmt: skip


@staff_view("counting.count_bins")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a count of a bin, or of one article in it."""
    given = {"bin": request.GET.get("bin", "")[:60], "code": request.GET.get("code", "")[:60]}
    form = AskForm(request.POST) if request.method == "POST" else AskForm(initial=given)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            task, new = actions.ask(
                bin=data["bin"], stockrecord=data["code"], cause=ASKED, note=data["note"], by=request.user
            )
        except StockError as error:
            form.add_error(None, str(error))
        else:
            text = (
                _("Count %(number)s is on the list.")
                if new
                else _("Count %(number)s is on the list already.")
            )
            messages.success(request, text % {"number": task.number})
            return redirect("warehouse:count-task", pk=task.pk)
    context = {
        "form": form,
        "bin_codes": Bin.objects.filter(is_active=True).values_list("code", flat=True)[:BINS_OFFERED],
        "crumbs": [crumb(), {"title": _("Ask for a count"), "url": ""}],
    }
    return render(request, "dashboard/warehouse/counts/ask.html", context, status=400 if form.errors else 200)


@staff_view("counting.view_counts")
@require_safe
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """One count: where it stands, what may be done, what was found, what happened."""
    return task_page(request, pk)


@staff_view("counting.approve_counts")
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Book what others counted."""
    found = get_object_or_404(CountTask, pk=pk)
    try:
        state = approval.approve(task=found, by=request.user)
    except StockError as error:
        return task_page(request, pk, problem=str(error), status=409)
    if state == "booked":
        text = _("Count %(number)s is booked; stock and accounts are told.")
        messages.success(request, text % {"number": found.number})
    else:
        text = _("The bin was counted otherwise in the meantime; count %(number)s has to be done again.")
        messages.warning(request, text % {"number": found.number})
    return redirect("warehouse:count-task", pk=pk)


def _refuse(request: HttpRequest, found: CountTask, why: str) -> str:
    approval.refuse(task=found, by=request.user, why=why)
    return _("Count %(number)s is counted again.") % {"number": found.number}


def _cancel(request: HttpRequest, found: CountTask, why: str) -> str:
    actions.cancel(task=found, by=request.user, why=why)
    return _("Count %(number)s is cancelled; nothing was booked.") % {"number": found.number}


def _with_reason(
    request: HttpRequest, pk: int, verb: Callable[[HttpRequest, CountTask, str], str]
) -> HttpResponse:
    found = get_object_or_404(CountTask, pk=pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return task_page(request, pk, why_form=form, status=400)
    try:
        said = verb(request, found, form.cleaned_data["why"])
    except StockError as error:
        return task_page(request, pk, problem=str(error), status=409)
    messages.success(request, said)
    return redirect("warehouse:count-task", pk=pk)


@staff_view("counting.approve_counts")
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Do not believe it: count again."""
    return _with_reason(request, pk, _refuse)


@staff_view("counting.approve_counts")
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """The count is not wanted any more."""
    return _with_reason(request, pk, _cancel)


@staff_view("counting.change_policy")
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """Tolerance, approval and rhythm; and what is due today by them."""
    current = policy()
    form = PolicyForm(request.POST or None, instance=current)
    if request.method == "POST" and form.is_valid():
        signed(form.save(commit=False), request.user).save()
        messages.success(request, _("The rules are saved; they hold from the next count on."))
        return redirect("warehouse:count-rules")
    due = planning.bins_due(policy())
    context = {
        "form": form,
        "due": len(due),
        "due_by_class": [(abc, sum(1 for _bin, its in due if its == abc)) for abc in "ABC"],
        "changes": current.history.select_related("history_user").order_by(F("history_date").desc())[:10],
        "crumbs": [crumb(), {"title": _("Rules of counting"), "url": ""}],
    }
    return render(
        request, "dashboard/warehouse/counts/rules.html", context, status=400 if form.errors else 200
    )


@staff_view("counting.change_policy")
@require_POST
def plan(request: HttpRequest) -> HttpResponse:
    """Make today's tasks now instead of tonight."""
    made = planning.plan_counts(by=request.user)
    if made:
        text = ngettext("%(n)s count is on the list.", "%(n)s counts are on the list.", made)
        messages.success(request, text % {"n": made})
    else:
        messages.info(request, _("Nothing to plan: no bin is due, or enough are on the list."))
    return redirect("warehouse:counts")


urlpatterns = [
    path("counts/", counts, name="counts"),
    path("counts/new/", ask, name="count-ask"),
    path("counts/rules/", rules, name="count-rules"),
    path("counts/plan/", plan, name="count-plan"),
    path("counts/<row:pk>/", task, name="count-task"),
    path("counts/<row:pk>/approve/", approve, name="count-approve"),
    path("counts/<row:pk>/refuse/", refuse, name="count-refuse"),
    path("counts/<row:pk>/cancel/", cancel, name="count-cancel"),
    *screen.urlpatterns,
]

NAV = [
    NavEntry(
        "warehouse",
        gettext_lazy("Counts"),
        "warehouse:counts",
        "counting.view_counts",
        "ruler",
        58,
        queries.to_do,
    ),
]
