"""When which carrier comes: a short table that decides which lists are due when."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

from .forms import CutOffForm
from .models import CutOff

SORT = {"site": "site__name", "carrier": "carrier", "time": "time"}


@staff_view("picking.plan_picking")
@require_http_methods(["GET", "HEAD", "POST"])
def cut_offs(request: HttpRequest) -> HttpResponse:
    """Every cut-off, and a form for a further one."""
    form = CutOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = form.create()
        if made is not None:
            messages.success(request, _("The cut-off counts for pick lists made from now on."))
            return redirect("warehouse:cut-offs")
    search = Search(request.GET)
    rows = CutOff.objects.select_related("site")
    if text := search.value("q"):
        rows = rows.filter(Q(carrier__icontains=text) | Q(site__name__icontains=text))
    rows = sorted_by(request, rows, SORT, ["site__position", "site__code", "time", "pk"])
    if wants_csv(request):
        head = [_("Site"), _("Carrier"), _("Weekdays"), _("Time"), _("Holidays of")]
        return csv_file("cut-offs", head, (_cells(row) for row in rows))
    context = {
        "page": page_of(request, rows),
        "form": form,
        "search": search,
        "csv_url": csv_url(request),
        "crumbs": [{"title": _("Batches"), "url": reverse("warehouse:batches")}, {"title": _("Cut-offs")}],
    }
    bad = request.method == "POST" or search.status != 200
    return render(request, "dashboard/warehouse/cut_offs.html", context, status=400 if bad else 200)


def _cells(row: CutOff) -> list[Any]:
    return [row.site.name, row.carrier, row.weekdays, row.time.strftime("%H:%M"), row.holidays_of]


@staff_view("picking.plan_picking")
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """A carrier does not come at this time any more; lists that were made keep their cut-off."""
    found = get_object_or_404(CutOff, pk=pk)
    found.delete()
    messages.success(request, _("The cut-off is deleted; lists that were made keep theirs."))
    return redirect("warehouse:cut-offs")


urlpatterns = [
    path("cut-offs/", cut_offs, name="cut-offs"),
    path("cut-offs/<row:pk>/delete/", delete, name="cut-off-delete"),
]
