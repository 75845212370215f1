"""Page of opening balances: typed, or read from a CSV of account, debit, credit."""

from __future__ import annotations

import csv
import io
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from fulfilment.finance import amounts
from fulfilment.finance.ledger.actions import LedgerError, Opening, check_openings, open_balances
from fulfilment.finance.ledger.actions.manual import KIND
from fulfilment.finance.ledger.actions.openings import digest
from fulfilment.finance.ledger.approving import posted_text
from fulfilment.finance.ledger.models import Entry
from shop.approvals.actions import limit_minor
from shop.kernel import clock
from shop.kernel.access import staff_view

ROWS_MAX = 2_000
CHARS_MAX = 200_000


class OpeningForm(forms.Form):
    """A year and its balances as lines of text: account; debit; credit."""

    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=2000, max_value=2199)
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        help_text=gettext_lazy("Columns: account, debit, credit; with semicolons or commas between them."),
    )
    rows = forms.CharField(
        label=gettext_lazy("Balances"),
        required=False,
        max_length=CHARS_MAX,
        help_text=gettext_lazy("One account a line: number; debit; credit. For instance 1200; 12,500.00;"),
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """The file counts when there is one; every line is understood or named."""
        data: dict[str, Any] = super().clean() or {}
        upload, text = data.get("file"), data.get("rows") or ""
        if upload:
            text = self._decoded(upload)
        if not self.errors:
            try:
                data["openings"] = parse(text)
            except ValueError as error:
                self.add_error("file" if upload else "rows", str(error))
        data["rows"] = text
        return data

    def _decoded(self, upload: Any) -> str:
        if upload.size > CHARS_MAX:
            self.add_error("file", _("The file is too large."))
            return ""
        content: bytes = upload.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252", errors="replace")


def parse(text: str) -> list[Opening]:
    """Openings of lines "account; debit; credit"; a headline is skipped. ValueError in words, with the line."""
    head = text.lstrip("\ufeff")
    delimiter = ";" if ";" in head else "\t" if "\t" in head else ","
    found: list[Opening] = []
    for at, cells in enumerate(csv.reader(io.StringIO(head), delimiter=delimiter), start=1):
        row = [cell.strip() for cell in cells]
        if not any(row) or (not found and not row[0].isdecimal()):
            continue
        if len(found) == ROWS_MAX:
            raise ValueError(_("More than %(n)d lines.") % {"n": ROWS_MAX})
        try:
            debit, credit = (amounts.parse(cell) if cell else 0 for cell in [*row, "", ""][1:3])
        except ValueError:
            raise ValueError(_("Line %(n)d: one of the amounts cannot be read.") % {"n": at}) from None
        found.append(Opening(row[0][:10], debit, credit))
    if not found:
        raise ValueError(_("Please enter at least two lines such as 1200; 500.00;"))
    return found


@staff_view("ledger.post_entries")
@require_http_methods(["GET", "HEAD", "POST"])
def opening_balances(request: HttpRequest) -> HttpResponse:
    """Show what will be posted for a year, then post it, or above the limit ask for a second person."""
    initial = {"year": clock.today().year}
    form = OpeningForm(request.POST or None, request.FILES or None, initial=initial)
    preview: list[dict[str, Any]] = []
    seen, status = "", 200
    if form.is_bound:
        status = 400
        if form.is_valid():
            openings, year = form.cleaned_data["openings"], form.cleaned_data["year"]
            try:
                seen = digest(year, openings)
                if request.POST.get("step") == "post" and request.POST.get("seen") == seen:
                    _post(request, year, openings)
                    return redirect("finance:opening-balances")
                accounts = check_openings(year=year, rows=openings)
                preview = [{"opening": row, "account": accounts[row.account]} for row in openings]
                status = 200
                form = OpeningForm(initial={"year": year, "rows": _as_text(openings)})
            except LedgerError as error:
                form.add_error(None, str(error))
    years = Entry.objects.filter(kind="opening_balance", posted_at__isnull=False)
    debit_minor = sum(row["opening"].debit_minor for row in preview)
    limit = limit_minor(kind_name=KIND, by=request.user)
    context = {
        "form": form,
        "preview": preview,
        "seen": seen if preview else "",
        "needs_second": debit_minor > limit,
        "limit_minor": limit,
        "debit_minor": debit_minor,
        "credit_minor": sum(row["opening"].credit_minor for row in preview),
        "booked": years.filter(reversed_by__isnull=True).count(),
        "crumbs": [
            {"title": _("Journal"), "url": reverse("finance:journal")},
            {"title": _("Opening balances"), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/books/opening_balances.html", context, status=status)


def _as_text(openings: list[Opening]) -> str:
    def typed(amount: int) -> str:
        return str(amounts.CsvAmount(amount)) if amount else ""

    return "\n".join(
        f"{row.account}; {typed(row.debit_minor)}; {typed(row.credit_minor)}" for row in openings
    )


def _post(request: HttpRequest, year: int, openings: list[Opening]) -> None:
    """Post, or ask, and say which. Raises LedgerError."""
    entries, waiting = open_balances(year=year, rows=openings, by=request.user)
    if waiting is None:
        messages.success(request, posted_text(len(entries), year))
        return
    text = _("“%(text)s” waits for approval by a second person; nothing is posted until then.")
    messages.warning(request, text % {"text": waiting.title})


urlpatterns = [path("opening-balances/", opening_balances, name="opening-balances")]
