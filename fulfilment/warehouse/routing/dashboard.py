"""The page of the rules: their order, and which are asked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from . import queries
from .actions import RoutingError, order_rules
from .models import COMPLETE, LEAST_SPLIT, NEAREST, RoutingRule

#: What each rule means, for the page.
MEANINGS = {
    COMPLETE: gettext_lazy("A site that has the whole order is better than several that share it."),
    NEAREST: gettext_lazy("The fewer kilometres the pieces travel, the better (by postcode region)."),
    LEAST_SPLIT: gettext_lazy("The fewer sites, and so parcels, the better."),
}


@staff_view("routing.manage_rules")
@require_http_methods(["GET", "HEAD", "POST"])
def routing_rules(request: HttpRequest) -> HttpResponse:
    """Order and switch the rules. A rule that stands above another weighs more; ties go by the sites' own order."""
    rules = list(RoutingRule.objects.all())
    problem = ""
    if request.method == "POST":
        kinds, enabled = _posted(request, rules)
        try:
            order_rules(kinds=kinds, enabled=enabled, by=request.user)
        except RoutingError as error:
            problem = str(error)
        else:
            messages.success(request, _("The rules are saved; they apply to orders from now on."))
            return redirect("warehouse:routing-rules")
    context = {
        "rules": [(rule, MEANINGS[rule.kind]) for rule in rules],
        "places": range(1, len(rules) + 1),
        "sites": queries.sending_sites(),
        "stores": queries.stores(),
        "problem": problem,
    }
    return render(request, "dashboard/warehouse/routing_rules.html", context, status=400 if problem else 200)


def _posted(request: HttpRequest, rules: list[RoutingRule]) -> tuple[list[str], list[str]]:
    """The kinds by the place chosen for each (equal places: as they stood), and those that are asked."""
    places: dict[str, Any] = {}
    for rule in rules:
        text = request.POST.get(f"place-{rule.kind}", "")
        if not (text.isdecimal() and 1 <= int(text[:4]) <= len(rules)):
            return [], []
        places[rule.kind] = int(text[:4])
    kinds = sorted(places, key=lambda kind: places[kind])
    if len(set(places.values())) != len(rules):
        return [], []
    return kinds, [kind for kind in kinds if request.POST.get(f"asked-{kind}")]


urlpatterns = [path("routing/", routing_rules, name="routing-rules")]

NAV = [
    NavEntry(
        "warehouse",
        gettext_lazy("Which site sends"),
        "warehouse:routing-rules",
        "routing.manage_rules",
        "truck",
        74,
    ),
]
