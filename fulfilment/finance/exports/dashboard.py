"""The staff page of exports: ask for one, and every one there is, with state, hash and file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import actions, export_page
from .export_page import MAKE
from .forms import ExportForm, ExportSearch
from .models import DATEV, Z3, Export

SORT = {
    "kind": "kind",
    "state": "state",
    "first": "first_day",
    "day": "created_at",
    "entries": "entries",
    "size": "size_bytes",
}
REMEMBERED = ("consultant", "client", "year_month", "is_final")


@staff_view(MAKE)
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """Ask for an export, and every one there is, newest first."""
    asked = ExportForm(initial=_initial(), auto_id="new_%s")
    if request.method == "POST":
        asked = ExportForm(request.POST, auto_id="new_%s")
        if asked.is_valid():
            try:
                export = _ask(asked.cleaned_data, request.user)
            except actions.Refused as refused:
                asked.add_error(None, str(refused))
            else:
                messages.success(request, _said(export))
                return redirect("finance:exports")
    form = ExportSearch(request.GET)
    found = sorted_by(request, _found(form), SORT, ["-pk"])
    if wants_csv(request):
        return _csv(found)
    page = page_of(request, found)
    context = {
        "form": form,
        "asked": asked,
        "page": page,
        "is_waiting": any(export.state == "waiting" for export in page.object_list),
        "csv_url": csv_url(request),
    }
    status = 400 if asked.is_bound else form.status
    return render(request, "dashboard/finance/exports/exports.html", context, status=status)


def _initial() -> dict[str, Any]:
    """The month before this one, and what was said to DATEV last time."""
    until = clock.today().replace(day=1) - dt.timedelta(days=1)
    last = Export.objects.filter(kind=DATEV).order_by("-pk").values_list("facts", flat=True).first() or {}
    known = {name: last[name] for name in REMEMBERED if name in last}
    return {"first_day": until.replace(day=1), "last_day": until, **known}


def _ask(data: dict[str, Any], by: Any) -> Export:
    days = {"first_day": data["first_day"], "last_day": data["last_day"]}
    if data["kind"] == Z3:
        return actions.ask_for_z3(**days, by=by)
    if data["kind"] != DATEV:
        return actions.ask_for_journal(**days, by=by)
    return actions.ask_for_datev(**days, **{name: data[name] for name in REMEMBERED}, by=by)


def _said(export: Export) -> str:
    """What has happened, in words."""
    if export.kind == DATEV:
        said = ngettext(
            "The DATEV batch %(n)d has taken %(count)d entry; its file is being made and appears in the list.",
            "The DATEV batch %(n)d has taken %(count)d entries; its file is being made and appears in the list.",
            export.entries,
        )
        return said % {"n": export.pk, "count": export.entries}
    return _("The export %(n)d is being made; its file appears in the list.") % {"n": export.pk}


def _found(form: ExportSearch) -> QuerySet[Export]:
    found = Export.objects.select_related("created_by")
    if text := form.value("q"):
        found = found.filter(Q(name__icontains=text) | Q(sha256__startswith=text.lower()))
    if kind := form.value("kind"):
        found = found.filter(kind=kind)
    if state := form.value("state"):
        found = found.filter(state=state)
    if first := form.day("first"):
        found = found.filter(last_day__gte=first)
    if last := form.day("last"):
        found = found.filter(first_day__lte=last)
    return found


def _csv(found: QuerySet[Export]) -> HttpResponse:
    head = [
        _("Number"), _("Kind"), _("State"), _("From"), _("Until"), _("Entries"), _("Created at"), _("By"), _("File"),
        _("Size in bytes"), "SHA-256",
    ]  # fmt: skip
    cells = (
        [
            row.pk, row.get_kind_display(), row.get_state_display(), row.first_day.isoformat(),
            row.last_day.isoformat(), row.entries, row.created_at.isoformat(timespec="seconds"),
            row.created_by.name if row.created_by else "", row.name, row.size_bytes, row.sha256,
        ]
        for row in found[:CSV_ROWS_MAX].iterator()
    )  # fmt: skip
    return csv_file("exports", head, cells)


urlpatterns = [
    path("exports/", exports, name="exports"),
    *export_page.urlpatterns,
]

NAV = [NavEntry("finance", gettext_lazy("Exports"), "finance:exports", MAKE, "download", 60)]
