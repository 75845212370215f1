"""Staff pages of withdrawals: the list, one declaration with the orders it may mean, and what is done about it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.receiving.queries import of_order as returns_of
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.kernel.states import StateError
from shop.ui.reasons import reason

from . import actions
from .clock import SOON_DAYS, due, late
from .forms import LATE, AssignForm, CloseForm, NoteForm, WithdrawalSearch
from .matching import possible_orders
from .models import Withdrawal
from .period import excluded_of, is_late, until_of
from .states import WITHDRAWAL
from .words import moment

HANDLE = "withdrawals.handle_withdrawals"
SORT = {"number": "pk", "received": "received_at", "refund": "received_at", "name": "name", "state": "state"}
WORDS_MAX = 6  #: further words of a search are left out: each costs a condition


@staff_view(HANDLE, shows="list")
@require_safe
def withdrawals(request: HttpRequest) -> HttpResponse:
    """Every declaration, newest first. A constant number of queries."""
    form = WithdrawalSearch(request.GET)
    found = sorted_by(request, search(form), SORT, ["-received_at", "-pk"])
    if wants_csv(request):
        return csv_file("withdrawals", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "today": clock.today(),
        "soon": clock.today() + dt.timedelta(days=SOON_DAYS),
    }
    return render(request, "dashboard/service/withdrawals.html", context, status=form.status)


def search(form: WithdrawalSearch) -> QuerySet[Withdrawal]:
    """Declarations that fit the filters."""
    found = Withdrawal.objects.select_related("order")
    for word in form.value("q").split()[:WORDS_MAX]:
        found = found.filter(
            Q(number__istartswith=word)
            | Q(name__icontains=word)
            | Q(email__icontains=word)
            | Q(contract__icontains=word)
            | Q(order__number__istartswith=word)
        )
    if form.states():
        found = found.filter(state__in=form.states())
    if form.value("order"):
        found = found.filter(order=None)
    if form.value("refund"):
        found = found & (late() if form.value("refund") == LATE else due())
    return form.within(found, "received_at__date")


@staff_view(HANDLE, shows="withdrawal")
@require_safe
def withdrawal(request: HttpRequest, number: str) -> HttpResponse:
    """One declaration: what was declared, which orders may be meant, what happened, what is to be done."""
    return _page(request, _withdrawal(number))


def _page(
    request: HttpRequest, found: Withdrawal, *, status: int = 200, **forms: AssignForm | NoteForm
) -> HttpResponse:
    context = {
        "withdrawal": found,
        "moment": moment(found.received_at, (get_language() or "de").split("-")[0]),
        "possible": possible_orders(found) if found.is_open else [],
        "invoices": list(Invoice.objects.filter(order_id=found.order_id).order_by("pk"))
        if found.order_id
        else [],
        "returns": returns_of(found.order_id) if found.order_id else [],
        "held": {held.invoice_id for held in found.held.all()},
        "story": _story(found),
        "until": (until := until_of(found.order_id) if found.order_id else None),
        "came_late": is_late(found, until),
        "excluded": excluded_of(found),
        "assign_form": AssignForm(),
        "note_form": NoteForm(auto_id="ack_%s"),
        "close_form": CloseForm(auto_id="close_%s"),
        "today": clock.today(),
        "crumbs": _crumbs(found),
        **forms,
    }
    return render(request, "dashboard/service/withdrawal.html", context, status=status)


def _story(found: Withdrawal) -> list[dict[str, Any]]:
    """What happened, in order of time."""
    events: list[dict[str, Any]] = [
        {"title": _("Declaration received"), "at": found.received_at, "icon": "mail", "state": "done"}
    ]
    if found.assigned_at and found.order:
        title = _("Assigned to order %(number)s") % {"number": found.order.number}
        by = found.assigned_by.get_full_name() or found.assigned_by.email if found.assigned_by else ""
        events.append({"title": title, "at": found.assigned_at, "by": by, "icon": "link", "state": "done"})
    changes = StateChange.objects.filter(machine=WITHDRAWAL.name, thing_id=found.pk).select_related("by")
    for change in changes:
        by = change.by.get_full_name() or change.by.email if change.by else ""
        title = str(WITHDRAWAL.labels[change.new])
        events.append(
            {
                "title": title,
                "at": change.at,
                "by": by,
                "text": reason(change.why),
                "icon": "check",
                "state": "done",
            }
        )
    events.sort(key=lambda event: event["at"])
    return events


@staff_view(HANDLE, shows="withdrawal")
@require_POST
def assign(request: HttpRequest, number: str) -> HttpResponse:
    """Say which order is meant."""
    found = _withdrawal(number)
    form = AssignForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=400, assign_form=form)
    order = form.cleaned_data["number"]
    try:
        actions.assign_order(withdrawal=found, order=order, by=request.user)
    except StateError:
        messages.error(request, _meanwhile())
    else:
        messages.success(
            request,
            _("The withdrawal belongs to order %(number)s now; its open invoices are kept from dunning.")
            % {"number": order.number},
        )
    return redirect("service:withdrawal", found.number)


@staff_view(HANDLE)
@require_POST
def acknowledge(request: HttpRequest, number: str) -> HttpResponse:
    """Take it up."""
    found = _withdrawal(number)
    form = NoteForm(request.POST, auto_id="ack_%s")
    if not form.is_valid():
        return _page(request, found, status=400, note_form=form)
    try:
        actions.acknowledge(withdrawal=found, by=request.user, note=form.cleaned_data["note"])
    except StateError:
        messages.error(request, _meanwhile())
    else:
        messages.success(request, _("The withdrawal is in work; close it when the money is on its way back."))
    return redirect("service:withdrawal", found.number)


@staff_view(HANDLE, shows="withdrawal")
@require_POST
def close(request: HttpRequest, number: str) -> HttpResponse:
    """Everything is done."""
    found = _withdrawal(number)
    form = CloseForm(request.POST, auto_id="close_%s")
    if not form.is_valid():
        return _page(request, found, status=400, close_form=form)
    try:
        actions.close(withdrawal=found, by=request.user, note=form.cleaned_data["note"])
    except StateError:
        messages.error(request, _meanwhile())
    else:
        messages.success(request, _("The withdrawal is closed; dunning goes on with what is still open."))
    return redirect("service:withdrawal", found.number)


def _withdrawal(number: str) -> Withdrawal:
    rows = Withdrawal.objects.select_related("order__user", "assigned_by").prefetch_related("held")
    return get_object_or_404(rows, number=number)


def _meanwhile() -> str:
    return _("Meanwhile somebody else changed the withdrawal. Nothing was changed; please look again.")


def _crumbs(found: Withdrawal) -> list[dict[str, str]]:
    return [
        {"title": _("Withdrawals"), "url": reverse("service:withdrawals")},
        {"title": found.number, "url": ""},
    ]


def _head() -> list[str]:
    return [_("Number"), _("Received"), _("State"), _("Name"), _("E-mail"), _("Contract"), _("Order"), _("Lines"),
            _("Refund by")]  # fmt: skip


def _cells(row: Withdrawal) -> list[Any]:
    lines = "; ".join(f"{line['quantity']} x {line['sku']}" for line in row.lines)
    return [row.number, timezone.localtime(row.received_at).strftime("%Y-%m-%d %H:%M:%S"),
            str(WITHDRAWAL.labels[row.state]), row.name, row.email, row.contract,
            row.order.number if row.order else "", lines, row.refund_by.isoformat()]  # fmt: skip


urlpatterns = [
    path("withdrawals/", withdrawals, name="withdrawals"),
    path("withdrawals/<slug:number>/", withdrawal, name="withdrawal"),
    path("withdrawals/<slug:number>/assign/", assign, name="withdrawal-assign"),
    path("withdrawals/<slug:number>/acknowledge/", acknowledge, name="withdrawal-acknowledge"),
    path("withdrawals/<slug:number>/close/", close, name="withdrawal-close"),
]
NAV = [
    NavEntry("orders", gettext_lazy("Withdrawals"), "service:withdrawals", HANDLE, "undo", 30),
]
