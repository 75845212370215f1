"""Pages of the months: what is open, softly closed or closed for good, and closing them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.forms import ReasonForm
from fulfilment.finance.ledger.actions import CannotClose, close_month, month_of, reopen_month
from fulfilment.finance.ledger.actions.periods import first_month, month_after
from fulfilment.finance.ledger.closing import open_matters
from fulfilment.finance.ledger.models import Entry, Period
from fulfilment.finance.ledger.states import PERIOD
from fulfilment.warehouse.lists import csv_file, csv_url, page_of, wants_csv
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange

CLOSE = "ledger.close_periods"
TONES = {"open": "info", "soft": "warn", "hard": "good"}
PAGE_SIZE = 24
STEPS = ("soft", "hard", "open")


@staff_view("ledger.view_ledger")
@require_safe
def periods(request: HttpRequest) -> HttpResponse:
    """Every month since the books began, the newest first. A constant number of queries."""
    months = _months()
    if wants_csv(request):
        head = [_("Month"), _("State"), _("Entries"), _("Closed on"), _("By")]
        cells = (
            [
                row["first_day"].isoformat()[:7],
                row["label"],
                row["entries"],
                row["closed_at"] or "",
                row["by"],
            ]
            for row in _rows(months)
        )
        return csv_file("months", head, cells)
    page = page_of(request, months, PAGE_SIZE)
    context = {"page": page, "rows": _rows(list(page.object_list)), "csv_url": csv_url(request)}
    return render(request, "dashboard/finance/books/periods.html", context)


@staff_view("ledger.view_ledger")
@require_http_methods(["GET", "HEAD", "POST"])
def period(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """One month: what is still open in it, what closing means, who closed it and why."""
    first_day, last_day = _days(year, month)
    may_close = request.user.has_perm(CLOSE)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        step = request.POST.get("step", "")
        if not may_close:
            return HttpResponse(status=403)
        if step not in STEPS:
            raise Http404
        status = 400
        if form.is_valid():
            try:
                _do(step, first_day, form.cleaned_data["reason"], request.user)
            except CannotClose as error:
                status = 409
                form.add_error(None, str(error))
            else:
                messages.success(request, _said(step, first_day))
                return redirect("finance:period", year, month)
    found = Period.objects.filter(first_day=first_day, last_day=last_day).select_related("closed_by").first()
    state = found.state if found else "open"
    history = StateChange.objects.filter(machine=PERIOD.name, thing_id=found.pk if found else 0)
    context = {
        "month": first_day,
        "title": _title(first_day),
        "state": state,
        "label": PERIOD.labels[state],
        "tone": TONES[state],
        "is_over": last_day < clock.today(),
        "matters": open_matters(first_day, last_day),
        "history": [
            {"change": change, "label": PERIOD.labels[change.new]}
            for change in history.select_related("by").order_by("-pk")
        ],
        "form": form,
        "may_close": may_close,
        "days": f"first={first_day.isoformat()}&last={last_day.isoformat()}",
        "crumbs": [
            {"title": _("Months"), "url": reverse("finance:periods")},
            {"title": _title(first_day), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/books/period.html", context, status=status)


def _do(step: str, first_day: dt.date, why: str, by: Any) -> None:
    if step == "open":
        reopen_month(month=first_day, why=why, by=by)
    else:
        close_month(month=first_day, hard=step == "hard", why=why, by=by)


def _said(step: str, first_day: dt.date) -> str:
    words = {
        "soft": _("%(month)s is softly closed."),
        "hard": _("%(month)s is closed for good."),
        "open": _("%(month)s is open again."),
    }
    return words[step] % {"month": _title(first_day)}


def _months() -> list[dt.date]:
    """First days from this month back to that in which the books begin. One query."""
    this = clock.today().replace(day=1)
    at = min(first_month() or this, this)
    found = []
    while at <= this:
        found.append(at)
        at = month_after(at)
    return found[::-1]


def _rows(months: list[dt.date]) -> list[dict[str, Any]]:
    """What the list shows of these months. Two queries."""
    if not months:
        return []
    last_day = month_of(months[0])[1]
    closed = Period.objects.filter(first_day__gte=months[-1], last_day__lte=last_day).select_related(
        "closed_by"
    )
    states = {row.first_day: row for row in closed}
    counted = (
        Entry.objects.filter(booked_on__gte=months[-1], booked_on__lte=last_day, posted_at__isnull=False)
        .annotate(month=TruncMonth("booked_on"))
        .values_list("month")
        .annotate(Count("pk"))
        .order_by()
    )
    counts = dict(counted)
    rows = []
    for first_day in months:
        row = states.get(first_day)
        state = row.state if row else "open"
        rows.append(
            {
                "first_day": first_day,
                "title": _title(first_day),
                "label": PERIOD.labels[state],
                "tone": TONES[state],
                "entries": counts.get(first_day, 0),
                "closed_at": row.closed_at if row else None,
                "by": row.closed_by.name if row and row.closed_by else "",
                "days": f"first={first_day.isoformat()}&last={month_of(first_day)[1].isoformat()}",
            }
        )
    return rows


def _title(first_day: dt.date) -> str:
    return str(formats.date_format(first_day, "YEAR_MONTH_FORMAT"))


def _days(year: int, month: int) -> tuple[dt.date, dt.date]:
    try:
        return month_of(dt.date(year, month, 1))
    except (ValueError, OverflowError):
        raise Http404 from None


urlpatterns = [
    path("months/", periods, name="periods"),
    path("months/<int:year>-<int:month>/", period, name="period"),
]
