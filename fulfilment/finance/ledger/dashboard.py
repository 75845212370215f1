"""Staff pages of the ledger: journal, one entry. Trial balance and account sheet are reports."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from fulfilment.finance.amounts import AmountField, CsvAmount, rate_text
from fulfilment.finance.forms import Period
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, wants_csv
from fulfilment.warehouse.transfers.models import Transfer
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import queries
from .models import ENTRY_KINDS, Entry, EntryLine
from .pages import accounts, corrections, manual, openings, periods, seals


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


@staff_view("ledger.view_ledger", shows="list")
@require_safe
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


@staff_view("ledger.view_ledger", shows="entry")
@require_safe
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
        "papers": list(found.attachments.order_by("pk")),
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
    path("journal/", journal, name="journal"),
    path("journal/<int:pk>/", entry, name="entry"),
    *accounts.urlpatterns,
    *corrections.urlpatterns,
    *manual.urlpatterns,
    *openings.urlpatterns,
    *periods.urlpatterns,
    *seals.urlpatterns,
]

NAV = [
    NavEntry("finance", gettext_lazy("Overview"), "finance:index", "ledger.view_ledger", "chart", 10),
    NavEntry("finance", gettext_lazy("Journal"), "finance:journal", "ledger.view_ledger", "list", 60),
    NavEntry(
        "finance", gettext_lazy("Manual entry"), "finance:manual-entry", "ledger.post_entries", "edit", 61
    ),
    NavEntry("finance", gettext_lazy("Months"), "finance:periods", "ledger.view_ledger", "calendar", 62),
    NavEntry("finance", gettext_lazy("Accounts"), "finance:accounts", "ledger.view_ledger", "ledger", 63),
    NavEntry("finance", gettext_lazy("Seals"), "finance:seals", "ledger.view_ledger", "lock", 64),
]
