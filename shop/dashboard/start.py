"""The start page: what waits for the person who looks at it, and for managers how the days went."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import formats
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from checkout.order.models import Order
from shop.approvals.queries import answers_for
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.money import to_minor
from shop.kernel.nav import NavEntry

from . import waiting
from .roles import ENTER

CHART_DAYS = 14
SEES_CHART = "kernel.view_operations"  #: management
SHORTCUTS = (
    ("picking.pick_orders", "warehouse:pick-lists", "scan", gettext_lazy("Pick")),
    ("dispatch.dispatch_parcels", "warehouse:packing", "box", gettext_lazy("Pack")),
    ("stock.receive_goods", "warehouse:receive", "download", gettext_lazy("Receive goods")),
    (
        "reconciliation.record_receipts",
        "finance:record-receipt",
        "bank",
        gettext_lazy("Record a bank receipt"),
    ),
    ("order.view_orders", "dashboard:orders", "search", gettext_lazy("Find an order")),
    ("catalogue.change_product", "dashboard:products", "tag", gettext_lazy("Edit products")),
    ("wagtailadmin.access_admin", "wagtailadmin_home", "edit", gettext_lazy("Edit pages")),
)


@staff_view(ENTER)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What waits, each a link; nothing to do is said too. At most 15 queries, whatever the role."""
    person: Any = request.user
    things = waiting.mine(person)
    counts = waiting.counts(things)
    rows = [_tile(thing, counts.get(thing.code, 0)) for thing in things]
    context: dict[str, Any] = {
        "tiles": [row for row in rows if row["count"]],
        "quiet": [row for row in rows if not row["count"]],
        "shortcuts": [
            {"url": reverse(name), "icon": icon, "title": title}
            for permission, name, icon, title in SHORTCUTS
            if request.user.has_perm(permission)
        ],
        "person": person.first_name or person.email,
        "answers": answers_for(person),
    }
    if request.user.has_perm(SEES_CHART):
        context |= orders_by_day()
    return render(request, "dashboard/start/index.html", context)


def _tile(thing: waiting.Waiting, count: int) -> dict[str, Any]:
    url = reverse(thing.url_name) + (f"?{thing.query}" if thing.query else "")
    return {"title": thing.title, "count": count, "url": url, "tone": thing.tone if count else "good"}


def orders_by_day() -> dict[str, Any]:
    """Orders and turnover of the last CHART_DAYS days, cancelled ones and replacements left out. One query."""
    today = clock.today()
    first = today - dt.timedelta(days=CHART_DAYS - 1)
    placed = Order.objects.filter(date_placed__date__gte=first, kind=Order.SALE).exclude(status="cancelled")
    days = placed.annotate(day=TruncDate("date_placed")).order_by().values("day")
    found = {row["day"]: row for row in days.annotate(n=Count("pk"), total=Sum("total_incl_tax"))}
    every = [first + dt.timedelta(days=offset) for offset in range(CHART_DAYS)]
    count = [(day, found[day]["n"] if day in found else 0) for day in every]
    total = [(day, to_minor(found[day]["total"]) if day in found else 0) for day in every]
    return {
        "orders_chart": [(_day(day), n) for day, n in count],
        "turnover_chart": [(_day(day), minor) for day, minor in total],
        "orders_sum": sum(n for _day_, n in count),
        "turnover_sum_minor": sum(minor for _day_, minor in total),
    }


def _day(day: dt.date) -> str:
    return formats.date_format(day, "D j.n." if formats.get_format("DECIMAL_SEPARATOR") == "," else "D j M")


urlpatterns = [path("", index, name="index")]
NAV = [NavEntry("start", gettext_lazy("Start"), "dashboard:index", ENTER, "home", 0)]
