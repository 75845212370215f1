"""Staff pages of cases: the queue, and what is taken next."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, sorted_by, wants_csv
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.kernel.states import StaleState

from . import actions, case_page, queue, settings_pages
from .models import Case

VIEW, HANDLE = "cases.view_cases", "cases.handle_cases"
SORT = {
    "number": "pk", "opened": "opened_at", "due": "solve_due_at", "priority": "priority", "name": "name",
    "touched": "touched_at",
}  # fmt: skip
TRIES_MAX = 5  #: cases tried one after the other when colleagues take them in the same moment


@staff_view(VIEW, shows="list")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """The queue: the most urgent first. A constant number of queries, whatever there is."""
    form = queue.QueueSearch(request.GET)
    found = sorted_by(request, queue.queue(form, request.user), SORT, ["-priority", "solve_due_at", "pk"])
    if wants_csv(request):
        return csv_file("cases", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    paginator = queue.BoundedPaginator(found, queue.PAGE_SIZE)
    context = {
        "form": form,
        "page": paginator.get_page(request.GET.get("page")),
        "paginator": paginator,
        "csv_url": csv_url(request),
        "now": clock.now(),
    }
    return render(request, "dashboard/service/cases.html", context, status=form.status)


@staff_view(HANDLE)
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """Take the most urgent case that nobody has."""
    for _try in range(TRIES_MAX):
        case = queue.next_free(request.user)
        if case is None:
            break
        try:
            actions.assign(case=case, to=request.user, by=request.user, seen_assignee=None)
        except StaleState:
            continue  # a colleague was faster: the next one
        messages.success(request, _("Case %(number)s is yours.") % {"number": case.number})
        return redirect("service:case", case.number)
    messages.info(request, _("Nothing is waiting for somebody to take it."))
    return redirect("service:cases")


def _head() -> list[str]:
    return [_("Number"), _("Opened"), _("Kind"), _("State"), _("Priority"), _("Name"), _("E-mail"), _("Order"),
            _("Subject"), _("Whose"), _("Answer due"), _("Solution due"), _("Remedy")]  # fmt: skip


def _cells(row: Case) -> list[Any]:
    return [row.number, _moment(row.opened_at), str(row.get_kind_display()), str(row.get_state_display()),
            str(row.get_priority_display()), row.name, row.email, row.order.number if row.order else "", row.subject,
            row.assignee.email if row.assignee else "", _moment(row.answer_due_at), _moment(row.solve_due_at),
            str(row.get_remedy_display())]  # fmt: skip


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


urlpatterns = [
    path("cases/", cases, name="cases"),
    path("cases/next/", take_next, name="case-next"),
    *settings_pages.urlpatterns,
    *case_page.urlpatterns,
]
NAV = [
    NavEntry("orders", gettext_lazy("Cases"), "service:cases", VIEW, "question", 25),
    NavEntry("orders", gettext_lazy("Ready answers"), "service:macros", "cases.change_macros", "edit", 80),
    NavEntry("orders", gettext_lazy("Service hours"), "service:policy", "cases.change_macros", "clock", 81),
]
