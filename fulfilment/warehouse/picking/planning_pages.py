"""The page on which walks are planned: what is open, what a wave would make of it, and one button to make it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from fulfilment.warehouse.lists import csv_file, csv_url, wants_csv
from fulfilment.warehouse.stock.actions import StockError, default_site
from fulfilment.warehouse.stock.models import Site
from shop.kernel.access import staff_view
from shop.kernel.clock import now

from . import actions, queries
from .actions import Walk
from .actions.waves import BOXES_PER_CART, LINES_MAX
from .forms import WaveForm
from .models import ORDERS

WALKS_SHOWN = 20
DEFAULTS = {"kind": ORDERS, "boxes": str(BOXES_PER_CART), "lines": str(LINES_MAX)}


@staff_view("picking.plan_picking")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """What is open by cut-off, carrier and priority, and the walks that the choice would make; POST makes them."""
    form, open_rows = _form(request.POST if request.method == "POST" else request.GET)
    if wants_csv(request):
        head = [_("Cut-off"), _("Carrier"), _("Priority"), _("Orders"), _("Lines"), _("Pieces")]
        return csv_file("open-orders", head, (_cells(row) for row in open_rows))
    walks: list[Walk] = []
    problem = ""
    if form.is_valid():
        try:
            if request.method == "POST":
                return _planned(request, actions.plan_batches(wave=form.wave(), by=request.user))
            walks = actions.preview(form.wave())
        except StockError as error:
            problem = str(error)
    context = {
        "form": form,
        "rows": open_rows,
        "stats": _stats(open_rows),
        "walks": walks[:WALKS_SHOWN],
        "total": _total(walks),
        "problem": problem,
        "csv_url": csv_url(request),
        "crumbs": [{"title": _("Batches"), "url": reverse("warehouse:batches")}, {"title": _("Plan walks")}],
    }
    return render(
        request,
        "dashboard/warehouse/plan.html",
        context,
        status=200 if form.is_valid() and not problem else 400,
    )


def _form(data: Mapping[str, Any]) -> tuple[WaveForm, list[dict[str, Any]]]:
    """The form with what is open at its site as choices."""
    given = {**DEFAULTS, **{key: data[key] for key in data}}
    sites = list(Site.objects.filter(is_active=True)) or [default_site()]
    site = next((site for site in sites if str(site.pk) == str(given.get("site"))), sites[0])
    given.setdefault("site", str(site.pk))
    rows = queries.open_work(site)
    return WaveForm(given, sites=sites, site=site, rows=rows), rows


def _stats(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    moment = now()
    return {
        "orders": sum(row["orders"] for row in rows),
        "pieces": sum(row["pieces"] for row in rows),
        "urgent": sum(row["orders"] for row in rows if row["urgent"]),
        "late": sum(row["orders"] for row in rows if row["due_at"] and row["due_at"] < moment),
    }


def _total(walks: Sequence[Walk]) -> dict[str, int]:
    orders = {pk for walk in walks for pk in walk.lists}
    return {
        "walks": len(walks),
        "hidden": max(0, len(walks) - WALKS_SHOWN),
        "orders": len(orders),
        "lines": sum(walk.lines for walk in walks),
        "pieces": sum(walk.pieces for walk in walks),
    }


def _planned(request: HttpRequest, batches: Sequence[Any]) -> HttpResponse:
    if not batches:
        messages.warning(request, _("Nothing was planned: no open order fits this choice any more."))
        return redirect("warehouse:plan")
    text = ngettext("%(n)s walk is planned.", "%(n)s walks are planned.", len(batches))
    messages.success(request, text % {"n": len(batches)})
    return redirect("warehouse:batches")


def _cells(row: Mapping[str, Any]) -> list[Any]:
    due: dt.datetime | None = row["due_at"]
    return [
        due.isoformat() if due else "",
        row["carrier"],
        _("urgent") if row["urgent"] else _("normal"),
        row["orders"],
        row["lines"],
        row["pieces"],
    ]


urlpatterns = [path("batches/plan/", plan, name="plan")]
