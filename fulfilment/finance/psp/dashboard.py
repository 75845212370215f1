"""Staff pages of the room: payouts and what they consist of, movements."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import queries, refund_pages, unmatched_pages
from .forms import MovementSearch, PayoutSearch
from .models import GONE_WRONG, BalanceTransaction, Cursor, Payout

VIEW = "psp.view_payouts"
SORT = {"date": "arrival_date", "amount": "amount_minor", "state": "provider_status", "payout": "psp_id"}
SORT_MOVEMENTS = {
    "date": "created_at",
    "kind": "kind",
    "amount": "amount_minor",
    "fee": "fee_minor",
    "net": "net_minor",
    "order": "order_number",
}


@staff_view(VIEW)
@require_safe
def payouts(request: HttpRequest) -> HttpResponse:
    """Every payout, newest first. A constant number of queries."""
    form = PayoutSearch(request.GET)
    found = sorted_by(request, _payouts(form), SORT, ["-arrival_date", "-pk"])
    if wants_csv(request):
        head = [_("Payout"), _("Expected on"), _("State"), _("Arrived on"), _("Amount"), _("Currency")]
        cells = (
            [
                row.psp_id, row.arrival_date.isoformat(), str(row.get_provider_status_display()),
                row.arrived_on.isoformat() if row.arrived_on else "", CsvAmount(row.amount_minor), row.currency,
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("payouts", head, cells)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "cursor": Cursor.objects.filter(name="balance").first(),
    }
    return render(request, "dashboard/finance/psp/payouts.html", context, status=form.status)


def _payouts(form: PayoutSearch) -> QuerySet[Payout]:
    found = Payout.objects.all()
    if form.value("q"):
        found = found.filter(psp_id__icontains=form.value("q"))
    state = form.value("state")
    if state == "open":
        found = found.filter(arrived_on__isnull=True).exclude(provider_status__in=GONE_WRONG)
    elif state:
        found = found.filter(provider_status=state)
    return form.within(found, "arrival_date")


@staff_view(VIEW)
@require_safe
def payout(request: HttpRequest, psp_id: str) -> HttpResponse:
    """One payout, explained to the cent: its movements with orders and entries, and the bank line beside it."""
    found = get_object_or_404(Payout, psp_id=psp_id)
    if wants_csv(request):
        return _movements_file(found.transactions.exclude(kind="payout").order_by("created_at", "pk"))
    context = {
        "payout": found,
        "page": queries.explained(found),
        "csv_url": csv_url(request),
        "crumbs": [
            {"title": _("Payouts"), "url": reverse("finance:payouts")},
            {"title": found.psp_id, "url": ""},
        ],
    }
    return render(request, "dashboard/finance/psp/payout.html", context)


@staff_view(VIEW)
@require_safe
def movements(request: HttpRequest) -> HttpResponse:
    """Every movement of our balance at the provider, newest first."""
    form = MovementSearch(request.GET)
    found = sorted_by(request, _movements(form), SORT_MOVEMENTS, ["-created_at", "-pk"])
    if wants_csv(request):
        return _movements_file(found)
    shown = found.select_related("payout", "entry", "fee_entry", "rest_entry")
    context = {"form": form, "page": page_of(request, shown), "csv_url": csv_url(request)}
    return render(request, "dashboard/finance/psp/movements.html", context, status=form.status)


def _movements(form: MovementSearch) -> QuerySet[BalanceTransaction]:
    found = BalanceTransaction.objects.all()
    term = form.value("q")
    if term:
        found = found.filter(
            Q(psp_id=term)
            | Q(order_number__iexact=term)
            | Q(source_id=term)
            | Q(intent_id=term)
            | Q(description__icontains=term)
        )
    kind, booking = form.value("kind"), form.value("booking")
    if kind in ("dispute", "dispute_reversal"):
        found = found.filter(category=kind)
    elif kind:
        found = found.filter(kind=kind)
    if booking:
        found = found.filter(booking=booking)
    return form.within(found, "created_at__date")


def _movements_file(rows: QuerySet[BalanceTransaction]) -> HttpResponse:
    head = [
        _("Movement"), _("Date"), _("Kind"), _("Order"), _("Amount"), _("Fee"), _("Net"), _("Currency"), _("Payout"),
        _("Booked"), _("Description"),
    ]  # fmt: skip
    found = rows.annotate(payout_name=F("payout__psp_id"))
    cells = (_cells(row) for row in found[:CSV_ROWS_MAX].iterator())
    return csv_file("movements", head, cells)


def _cells(row: Any) -> list[Any]:
    return [
        row.psp_id, timezone.localtime(row.created_at).strftime("%Y-%m-%d %H:%M"), str(row.label), row.order_number,
        CsvAmount(row.amount_minor), CsvAmount(row.fee_minor), CsvAmount(row.net_minor), row.currency,
        row.payout_name or "", str(row.get_booking_display()), row.description,
    ]  # fmt: skip


urlpatterns = [
    path("payouts/", payouts, name="payouts"),
    path("payouts/<slug:psp_id>/", payout, name="payout"),
    path("movements/", movements, name="movements"),
    *unmatched_pages.urlpatterns,
    *refund_pages.urlpatterns,
]
NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Payouts of the card provider"),
        "finance:payouts",
        VIEW,
        "card",
        46,
        lambda: queries.open_payouts().count(),
    ),
    *unmatched_pages.NAV,
    *refund_pages.NAV,
]
