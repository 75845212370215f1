"""Pages of limits: who may buy how much on account and why, staff's own limit, and the formula."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from checkout.payment.models import CustomerCredit, MethodRule
from fulfilment.finance.amounts import CsvAmount
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.customers.models import User
from shop.kernel.access import staff_view

from .access import CHANGE_LIMITS, POLICY, VIEW_LIMITS
from .actions import override_limit
from .forms import FormulaForm, LimitForm, LimitSearch
from .models import CreditFormula, CustomerLimit

SORT = {
    "name": "user__last_name",
    "points": "points",
    "limit": "counts",
    "open": "user__credit__open_items_minor",
}
CHANGES_SHOWN = 20


@staff_view(VIEW_LIMITS, shows="list")
@require_safe
def limits(request: HttpRequest) -> HttpResponse:
    """Customers with points, limit and what they owe, the fewest points first."""
    form = LimitSearch(request.GET)
    found: Any = CustomerLimit.objects.select_related("user", "user__credit")
    found = found.annotate(counts=Coalesce(F("override_minor"), F("computed_minor")))
    text = form.value("q").strip()
    if text:
        found = found.filter(Q(user__email__icontains=text) | Q(user__last_name__icontains=text))
    if form.value("kind"):
        found = found.filter(
            **({"counts": 0} if form.value("kind") == "none" else {"override_minor__gte": 0})
        )
    found = sorted_by(request, found, SORT, ["points", "pk"])
    if wants_csv(request):
        head = [_("E-mail"), _("Name"), _("Points"), _("Limit"), _("Reckoned"), _("Reason"), _("Open items")]
        rows = (
            [row.user.email, row.user.name, row.points, CsvAmount(row.limit_minor), CsvAmount(row.computed_minor),
             row.override_why, CsvAmount(_owed(row))]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("limits", head, rows)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "crumbs": _crumbs(),
    }
    return render(request, "dashboard/finance/dunning/limits.html", context, status=form.status)


def _owed(row: CustomerLimit) -> int:
    credit = getattr(row.user, "credit", None)
    return credit.open_items_minor if credit else 0


@staff_view(VIEW_LIMITS, shows="customer")
@require_http_methods(["GET", "HEAD", "POST"])
def limit(request: HttpRequest, pk: int) -> HttpResponse:
    """One customer: points part by part, the limit that counts, who changed it and why; setting another one."""
    person = get_object_or_404(User.objects.select_related("credit"), pk=pk, is_staff=False)
    row = CustomerLimit.objects.filter(user=person).first() or CustomerLimit(user=person)
    form = LimitForm(request.POST or None)
    if request.method == "POST":
        if not request.user.has_perm(CHANGE_LIMITS):
            form.add_error(None, _("Your role may not set limits."))
        elif form.is_valid():
            try:
                override_limit(
                    user_id=person.pk,
                    limit_minor=form.cleaned_data["limit_minor"],
                    why=form.cleaned_data["reason"],
                    by=request.user,
                )
            except ValueError as refused:
                form.add_error("limit_minor", str(refused))
            else:
                messages.success(request, _("The limit counts at the checkout from now on."))
                return redirect("finance:limit", pk)
    rule = MethodRule.objects.filter(method="invoice").first()
    context = {
        "person": person,
        "row": row,
        "credit": getattr(person, "credit", None) or CustomerCredit(user=person),
        "general_minor": rule.exposure_limit_minor if rule else None,
        "parts": [part | {"name": _(part["name"])} for part in row.reasons],
        "changes": CustomerLimit.history.filter(user=person).select_related("history_user")[:CHANGES_SHOWN],
        "form": form,
        "crumbs": _crumbs(person.name),
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/limit.html", context, status=status)


@staff_view(POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def formula(request: HttpRequest) -> HttpResponse:
    """How behaviour becomes points, and points a limit."""
    row = CreditFormula.objects.order_by("pk").first() or CreditFormula()
    form = FormulaForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save_as(request.user)
        messages.success(request, _("Saved. Limits are reckoned anew when a customer pays or is reminded."))
        return redirect("finance:limit-formula")
    context = {
        "form": form,
        "changes": CreditFormula.history.select_related("history_user")[:CHANGES_SHOWN],
        "crumbs": _crumbs(_("Formula")),
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/formula.html", context, status=status)


def _crumbs(*titles: str) -> list[dict[str, str]]:
    first = {"title": _("Limits on account"), "url": reverse("finance:limits") if titles else ""}
    return [first, *({"title": title, "url": ""} for title in titles)]


urlpatterns = [
    path("limits/", limits, name="limits"),
    path("limits/formula/", formula, name="limit-formula"),
    path("limits/<row:pk>/", limit, name="limit"),
]
