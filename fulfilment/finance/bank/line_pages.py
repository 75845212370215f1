"""Pages of what the files say: statements with their balances and gaps, and their lines."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

from . import queries
from .forms import LineSearch, StatementSearch
from .models import Statement, StatementLine
from .pages import VIEW, crumbs, tabs

LINE_SORT = {"day": "booked_on", "amount": "amount_minor", "who": "counterparty", "account": "account__name"}
STATEMENT_SORT = {
    "day": "last_day",
    "account": "account__name",
    "closing": "closing_minor",
    "lines": "lines_total",
}


@staff_view(VIEW)
@require_safe
def statements(request: HttpRequest) -> HttpResponse:
    """Every statement, newest first; those with a gap before them or a sum that fails are marked."""
    form = StatementSearch(request.GET)
    found = queries.statements(
        search=form.value("q"),
        account=form.value("account"),
        mark=form.value("mark"),
        first=form.day("first"),
        last=form.day("last"),
    )
    found = sorted_by(request, found, STATEMENT_SORT, ["-last_day", "-pk"])
    if wants_csv(request):
        head = [
            _("Account"), _("Number"), _("From"), _("Until"), _("Opening balance"), _("Closing balance"), _("Currency"),
            _("Statement lines"), _("Gap before it"), _("Difference"),
        ]  # fmt: skip
        cells = (
            [
                row.account.name, row.number, row.first_day.isoformat(), row.last_day.isoformat(),
                _cell(row.opening_minor), _cell(row.closing_minor), row.currency, row.lines_total,
                _("yes") if row.has_gap else _("no"), CsvAmount(row.off_minor),
            ]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("statements", head, cells)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "tabs": tabs("bank-statements"),
    }
    return render(request, "dashboard/finance/bank/statements.html", context, status=form.status)


@staff_view(VIEW, shows="list")
@require_safe
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """One statement: balances, what it brought, and how many of its lines other files had told of."""
    found = get_object_or_404(Statement.objects.select_related("account", "file"), pk=pk)
    lines = found.lines.order_by("position")
    page = page_of(request, lines)
    context = {
        "statement": found,
        "page": page,
        "known": found.lines_total - page.paginator.count,
        "crumbs": crumbs("bank-statements", f"{found.account.name} {found.number}"),
    }
    return render(request, "dashboard/finance/bank/statement.html", context)


@staff_view(VIEW, shows="list")
@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """Every line of every account, newest first."""
    form = LineSearch(request.GET)
    found = queries.lines(
        search=form.value("q"),
        account=form.value("account"),
        way=form.value("way"),
        first=form.day("first"),
        last=form.day("last"),
    )
    found = sorted_by(request, found, LINE_SORT, ["-booked_on", "-pk"])
    if wants_csv(request):
        return _lines_csv(found)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "tabs": tabs("bank-lines"),
    }
    return render(request, "dashboard/finance/bank/lines.html", context, status=form.status)


@staff_view(VIEW, shows="bank_line")
@require_safe
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """One line with everything the bank said of it."""
    found = get_object_or_404(StatementLine.objects.select_related("account", "statement__file"), pk=pk)
    same_entry = StatementLine.objects.none()
    if found.batch:
        same_entry = StatementLine.objects.filter(account=found.account_id, batch=found.batch).exclude(pk=pk)
    context = {
        "line": found,
        "same_entry": same_entry.order_by("pk")[:50],
        "crumbs": crumbs("bank-lines", found.counterparty or found.text[:40] or found.code),
    }
    return render(request, "dashboard/finance/bank/line.html", context)


def _lines_csv(found: Any) -> HttpResponse:
    head = [
        _("Account"), _("Booked"), _("Value date"), _("Amount"), _("Currency"), _("Payer or payee"), "IBAN", _("Text"),
        _("End-to-end id"), _("Mandate"), _("Reference of the bank"), _("Kind of booking"), _("Reason of the return"),
    ]  # fmt: skip
    cells = (
        [
            row.account.name, row.booked_on.isoformat(), row.valued_on.isoformat(), CsvAmount(row.amount_minor),
            row.currency, row.counterparty, row.counterparty_iban, row.text, row.end_to_end_id, row.mandate_id,
            row.bank_reference, row.code, row.return_reason,
        ]
        for row in found[:CSV_ROWS_MAX].iterator()
    )  # fmt: skip
    return csv_file("statement-lines", head, cells)


def _cell(amount_minor: int | None) -> object:
    return "" if amount_minor is None else CsvAmount(amount_minor)


urlpatterns = [
    path("bank/statements/", statements, name="bank-statements"),
    path("bank/statements/<row:pk>/", statement, name="bank-statement"),
    path("bank/lines/", lines, name="bank-lines"),
    path("bank/lines/<row:pk>/", line, name="bank-line"),
]
