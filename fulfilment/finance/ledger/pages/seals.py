"""Page of the nightly seals."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fulfilment.finance.forms import Period
from fulfilment.finance.ledger.models import Entry, Seal
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

SORT = {"day": "day", "entries": "entries"}


class SealSearch(Period):
    """Days of seals; the search is for a number or the beginning of a hash."""

    field_order = ["first", "last", "q"]


@staff_view("ledger.view_ledger")
@require_safe
def seals(request: HttpRequest) -> HttpResponse:
    """Every seal with its hash, to be written down elsewhere; and how much waits for the next."""
    form = SealSearch(request.GET)
    rows = form.within(Seal.objects.all(), "day")
    term = form.value("q")
    if term:
        rows = (
            rows.filter(number=int(term))
            if term.isdecimal() and len(term) < 10
            else rows.filter(sha256__startswith=term)
        )
    rows = sorted_by(request, rows, SORT, ["-number"])
    if wants_csv(request):
        head = [_("Seal"), _("Day"), _("Entries"), "SHA-256", _("Sealed")]
        cells = (
            [row.number, row.day.isoformat(), row.entries, row.sha256, row.sealed_at.isoformat()]
            for row in rows[:CSV_ROWS_MAX]
        )
        return csv_file("seals", head, cells)
    context = {
        "form": form,
        "page": page_of(request, rows),
        "csv_url": csv_url(request),
        "waiting": Entry.objects.filter(posted_at__isnull=False, seal_link__isnull=True).count(),
    }
    return render(request, "dashboard/finance/books/seals.html", context, status=form.status)


urlpatterns = [path("seals/", seals, name="seals")]
