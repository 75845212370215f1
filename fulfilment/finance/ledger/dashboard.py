"""Staff pages of the ledger: trial balance, account sheet, journal, one entry."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from fulfilment.finance.amounts import AmountField, CsvAmount, rate_text
from fulfilment.finance.forms import Period
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, wants_csv
from fulfilment.warehouse.transfers.models import Transfer
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import queries
from .models import ENTRY_KINDS, Account, Entry, EntryLine

SHEET_SIZE = 100


class TrialForm(Period):
    """The stretch of days of a trial balance."""

    q = None  # type: ignore[assignment]


class SheetForm(Period):
    """Days and subject of an account sheet; the search is for the subject."""

    field_order = ["first", "last", "q"]


class JournalForm(Period):
    """Filters of the journal."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("all")), *ENTRY_KINDS]
    )
    amount = AmountField(label=gettext_lazy("Amount"), required=False)

    def amount_minor(self) -> int | None:
        """The amount searched for, in minor units."""
        self.is_valid()
        amount: int | None = self.cleaned_data.get("amount")
        return amount


@staff_view("ledger.view_ledger")
@require_GET
def trial_balance(request: HttpRequest) -> HttpResponse:
    """Opening, debits, credits and closing of every account; each figure leads to its sheet."""
    today = clock.today()
    given = request.GET.copy()
    if "first" not in given:
        given["first"] = dt.date(today.year, 1, 1).isoformat()
    if "last" not in given:
        given["last"] = today.isoformat()
    form = TrialForm(given)
    first, last = form.day("first"), form.day("last")
    rows = queries.trial_balance(first_day=first, last_day=last)
    if wants_csv(request):
        head = [_("Account"), _("Name"), _("Opening"), _("Debit"), _("Credit"), _("Closing")]
        cells = (
            [
                row.account.number,
                row.account.name,
                *map(CsvAmount, (row.opening_minor, row.debit_minor, row.credit_minor, row.closing_minor)),
            ]
            for row in rows
        )
        return csv_file("trial-balance", head, cells)
    context = {
        "form": form,
        "rows": rows,
        "days": _days_query(first, last),
        "opening_minor": sum(row.opening_minor for row in rows),
        "debit_minor": sum(row.debit_minor for row in rows),
        "credit_minor": sum(row.credit_minor for row in rows),
        "closing_minor": sum(row.closing_minor for row in rows),
        "csv_url": csv_url(request),
    }
    return render(request, "dashboard/finance/trial_balance.html", context, status=form.status)


@staff_view("ledger.view_ledger")
@require_GET
def account_sheet(request: HttpRequest, number: str) -> HttpResponse:
    """Every line of an account with its running balance."""
    account = get_object_or_404(Account, number=number)
    form = SheetForm(request.GET)
    first, last, subject = form.day("first"), form.day("last"), form.value("q")
    lines = queries.account_lines(account, first_day=first, last_day=last, subject=subject)
    opening = 0
    if first:
        before = queries.account_lines(account, last_day=first - dt.timedelta(days=1), subject=subject)
        opening = queries.sum_of(before)
    if wants_csv(request):
        head = [
            _("Date"),
            _("Text"),
            _("Document no."),
            _("Sub-account"),
            _("Debit"),
            _("Credit"),
            _("Balance"),
        ]
        return csv_file(f"account-{account.number}", head, _sheet_cells(lines[:CSV_ROWS_MAX], opening))
    page = page_of(request, lines, SHEET_SIZE)
    skipped = (page.number - 1) * SHEET_SIZE
    carried = opening
    if skipped:
        earlier = lines[:skipped].values("pk")
        carried += queries.sum_of(EntryLine.objects.filter(pk__in=earlier))
    context = {
        "account": account,
        "form": form,
        "page": page,
        "rows": _running(list(page.object_list), carried),
        "carried_minor": carried,
        "balance_minor": opening + queries.sum_of(lines),
        "csv_url": csv_url(request),
        "crumbs": [
            {"title": _("Trial balance"), "url": reverse("finance:trial-balance")},
            {"title": str(account), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/account.html", context, status=form.status)


@staff_view("ledger.view_ledger")
@require_GET
def journal(request: HttpRequest) -> HttpResponse:
    """Every posted entry, newest first."""
    form = JournalForm(request.GET)
    found = queries.journal(
        search=form.value("q"),
        kind=form.value("kind"),
        first_day=form.day("first"),
        last_day=form.day("last"),
        amount_minor=form.amount_minor(),
    )
    if wants_csv(request):
        head = [
            _("Entry"), _("Date"), _("Kind"), _("Document no."), _("Text"), _("Account"), _("Debit"), _("Credit"),
            _("Currency"), _("Sub-account"), _("VAT country"), _("VAT rate"),
        ]  # fmt: skip
        return csv_file("journal", head, _journal_cells(found))
    page = page_of(request, found)
    entries = list(page.object_list)
    totals = queries.entry_totals(entries)
    context = {
        "form": form,
        "page": page,
        "rows": [{"entry": entry, "total_minor": totals.get(entry.pk, 0)} for entry in entries],
        "csv_url": csv_url(request),
    }
    return render(request, "dashboard/finance/journal.html", context, status=form.status)


@staff_view("ledger.view_ledger")
@require_GET
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry: its lines, where it came from, what reverses it."""
    try:
        found = queries.entry_with_lines(pk)
    except (Entry.DoesNotExist, OverflowError):
        raise Http404 from None
    context = {
        "entry": found,
        "lines": _lines(found),
        "document_url": document_url(found),
        "reversal": getattr(found, "reversed_by", None),
        "crumbs": [
            {"title": _("Journal"), "url": reverse("finance:journal")},
            {"title": f"{_('Entry')} {found.pk}", "url": ""},
        ],
    }
    return render(request, "dashboard/finance/entry.html", context)


def _lines(found: Entry) -> list[EntryLine]:
    lines = list(found.lines.all())
    for line in lines:
        line.rate = "" if line.vat_rate_bp is None else rate_text(line.vat_rate_bp)  # type: ignore[attr-defined]
    return lines


def document_url(found: Entry) -> str:
    """The page of the document behind an entry, "" when there is none."""
    origin = found.reverses or found
    kind, _colon, rest = origin.source.partition(":")
    if kind == "invoice":
        return reverse("finance:invoice", args=[rest])
    if kind == "receipt" and rest.isdigit():
        return reverse("finance:receipt", args=[int(rest)])
    return _warehouse_url(kind, rest.partition(":")[0])


def _warehouse_url(kind: str, number: str) -> str:
    """The page of the count or transfer behind an entry."""
    found: CountTask | Transfer | None = None
    if kind == "count":
        found = CountTask.objects.filter(number=number).first()
    elif kind == "transfer":
        found = Transfer.objects.filter(number=number).first()
    if found is None:
        return ""
    page = "warehouse:count-task" if isinstance(found, CountTask) else "warehouse:transfer-page"
    return reverse(page, args=[found.pk])


def _days_query(first: dt.date | None, last: dt.date | None) -> str:
    days = {"first": first, "last": last}
    return "&".join(f"{name}={day.isoformat()}" for name, day in days.items() if day)


def _running(lines: list[EntryLine], balance: int) -> list[dict[str, Any]]:
    rows = []
    for line in lines:
        balance += line.amount_minor
        rows.append({"line": line, "balance_minor": balance})
    return rows


def _sheet_cells(lines: Any, opening: int) -> Any:
    balance = opening
    for line in lines.iterator():
        balance += line.amount_minor
        yield [
            line.entry.booked_on.isoformat(), line.entry.text, line.entry.document, line.subject,
            CsvAmount(line.debit_minor), CsvAmount(line.credit_minor), CsvAmount(balance),
        ]  # fmt: skip


def _journal_cells(found: Any) -> Any:
    lines = EntryLine.objects.filter(entry__in=found.order_by().values("pk")).select_related(
        "entry", "account"
    )
    for line in lines.order_by("entry__booked_on", "entry_id", "pk")[:CSV_ROWS_MAX].iterator():
        rate = "" if line.vat_rate_bp is None else f"{line.vat_rate_bp / 100:g}"
        yield [
            line.entry_id, line.entry.booked_on.isoformat(), line.entry.get_kind_display(), line.entry.document,
            line.entry.text, line.account.number, CsvAmount(line.debit_minor), CsvAmount(line.credit_minor),
            line.currency, line.subject, line.vat_country, rate,
        ]  # fmt: skip


urlpatterns = [
    path("trial-balance/", trial_balance, name="trial-balance"),
    path("accounts/<slug:number>/", account_sheet, name="account"),
    path("journal/", journal, name="journal"),
    path("journal/<int:pk>/", entry, name="entry"),
]

NAV = [
    NavEntry("finance", gettext_lazy("Overview"), "finance:index", "ledger.view_ledger", "chart", 10),
    NavEntry(
        "finance", gettext_lazy("Trial balance"), "finance:trial-balance", "ledger.view_ledger", "ledger", 50
    ),
    NavEntry("finance", gettext_lazy("Journal"), "finance:journal", "ledger.view_ledger", "list", 60),
]
