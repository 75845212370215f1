"""The board of the day, a page that refreshes itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from fulfilment.warehouse.lists import csv_file, csv_url, wants_csv
from fulfilment.warehouse.stock.models import Site
from shop.kernel.access import staff_view
from shop.kernel.clock import now
from shop.kernel.nav import NavEntry

from . import queries

REFRESH_S = 30  #: how often the board looks again


@staff_view("picking.pick_orders")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """To pick, late, short, packed, waiting for the carrier; picks per hour and person."""
    sites = list(Site.objects.filter(is_active=True))
    chosen = next((site for site in sites if site.code == request.GET.get("site")), None)
    site_id = chosen.pk if chosen else None
    everybody = request.user.has_perm("picking.see_people")
    pace = queries.pace(me=request.user, everybody=everybody, site_id=site_id)
    if wants_csv(request):
        head = [_("Person"), *[f"{hour}:00" for hour in pace.hours], _("Pieces"), _("Pieces per hour")]
        rows = ([p.name, *p.by_hour, p.pieces, p.per_hour] for p in pace.people)
        return csv_file("picks-today", head, rows)
    context = {
        "figures": queries.figures(site_id),
        "late": queries.late(site_id),
        "pace": pace,
        "everybody": everybody,
        "per_person": [(person.name, person.per_hour) for person in pace.people],
        "by_hour": [(f"{hour}:00", n) for hour, n in zip(pace.hours, pace.pieces, strict=True)],
        "capacity": list(zip(pace.hours, pace.orders, pace.pieces, strict=True)),
        "sites": sites,
        "site": chosen,
        "refresh_s": REFRESH_S,
        "seen_at": now(),
        "csv_url": csv_url(request),
    }
    return render(request, "dashboard/warehouse/board.html", context)


urlpatterns = [path("board/", board, name="board")]

NAV = [
    NavEntry(
        "warehouse", gettext_lazy("Board of the day"), "warehouse:board", "picking.pick_orders", "chart", 5
    )
]
