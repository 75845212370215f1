"""Staff pages of money that left the account: the list, one disbursement, withdrawing one typed wrongly."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import ReasonForm
from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.numbers import money_text

from .actions import withdraw_disbursement
from .models import UNEXPLAINED, Disbursement
from .states import DISBURSEMENT

SORT = {"date": "booked_on", "amount": "amount_minor", "payee": "payee", "state": "state"}


class DisbursementSearch(Search):
    """Filters of the list."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            ("unexplained", gettext_lazy("unexplained")),
            *DISBURSEMENT.choices,
        ],
    )


@staff_view("reconciliation.view_receipts", shows="list")
@require_safe
def disbursements(request: HttpRequest) -> HttpResponse:
    """Money that left, newest first."""
    form = DisbursementSearch(request.GET)
    found = sorted_by(request, _found(form.value("q"), form.value("state")), SORT, ["-booked_on", "-pk"])
    if wants_csv(request):
        head = [
            _("Date"),
            _("Amount"),
            _("Currency"),
            _("Payee"),
            _("Text"),
            _("Reference no."),
            _("State"),
            _("Left"),
        ]
        cells = (
            [
                row.booked_on.isoformat(), CsvAmount(row.amount_minor), row.currency, row.payee, row.text,
                row.reference, row.get_state_display(), CsvAmount(row.left_minor),
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("disbursements", head, cells)
    context = {"form": form, "page": page_of(request, found), "csv_url": csv_url(request)}
    return render(request, "dashboard/finance/disbursements.html", context, status=form.status)


@staff_view("reconciliation.view_receipts", shows="disbursement")
@require_safe
def disbursement(request: HttpRequest, pk: int) -> HttpResponse:
    """One disbursement: what it was for."""
    found = get_object_or_404(Disbursement.objects.select_related("line__account", "recorded_by"), pk=pk)
    assignments = found.assignments.select_related(
        "account", "ledger_account", "refund__payment__order", "payback", "by", "undone_by"
    ).order_by("pk")
    context = {"money": found, "assignments": list(assignments), "crumbs": crumbs(found)}
    return render(request, "dashboard/finance/disbursement.html", context)


@staff_view("reconciliation.record_receipts", shows="disbursement")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw what was recorded by hand and wrongly; what the bank told stays."""
    found = get_object_or_404(Disbursement, pk=pk, line=None)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdraw_disbursement(disbursement=found, why=form.cleaned_data["reason"], by=request.user)
        messages.success(request, _("It was withdrawn; the books show the reversal."))
        return redirect("finance:disbursement", found.pk)
    context = {"money": found, "form": form, "crumbs": crumbs(found)}
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/withdraw_disbursement.html", context, status=status)


def crumbs(found: Disbursement) -> list[dict[str, str]]:
    """The way to one disbursement."""
    return [
        {"title": _("Money that left"), "url": reverse("finance:disbursements")},
        {
            "title": f"{found.reference} · {money_text(found.amount_minor, found.currency)}",
            "url": reverse("finance:disbursement", args=[found.pk]),
        },
    ]


def _found(search: str, state: str) -> QuerySet[Disbursement]:
    found: QuerySet[Disbursement] = Disbursement.objects.all()
    if state == "unexplained":
        found = found.filter(state__in=UNEXPLAINED)
    elif state:
        found = found.filter(state=state)
    if search:
        found = found.filter(
            Q(payee__icontains=search) | Q(text__icontains=search) | Q(reference__icontains=search)
        )
    return found


urlpatterns = [
    path("disbursements/", disbursements, name="disbursements"),
    path("disbursements/<row:pk>/", disbursement, name="disbursement"),
    path("disbursements/<row:pk>/withdraw/", withdraw, name="withdraw-disbursement"),
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Money that left"),
        "finance:disbursements",
        "reconciliation.view_receipts",
        "bank",
        42,
        lambda: Disbursement.objects.filter(state__in=UNEXPLAINED).count(),
    ),
]
