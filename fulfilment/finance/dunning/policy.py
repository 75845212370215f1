"""Pages of what dunning goes by: policy, levels with their texts, base rates. Each change is kept with who made it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from fulfilment.finance.model_forms import percent_text
from shop.kernel.access import staff_view

from .access import POLICY
from .forms import BaseRateForm, LevelForm, PolicyForm
from .models import BaseRate, DunningLevel, DunningPolicy
from .notices import crumbs

CHANGES_SHOWN = 20


@staff_view(POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Policy and levels at a glance, base rates with the next one to enter."""
    row = DunningPolicy.objects.order_by("pk").first() or DunningPolicy()
    which = request.POST.get("form")
    form = PolicyForm(request.POST if which == "policy" else None, instance=row)
    rate = BaseRateForm(request.POST if which == "rate" else None)
    sent = form if which == "policy" else rate if which == "rate" else None
    if sent is not None and sent.is_valid():
        sent.save_as(request.user)
        messages.success(request, _("Saved. It applies from the next letter on."))
        return redirect("finance:dunning-settings")
    context = {
        "form": form,
        "rate_form": rate,
        "levels": DunningLevel.objects.all(),
        "rates": [(one, percent_text(one.rate_bp)) for one in BaseRate.objects.all()],
        "changes": DunningPolicy.history.select_related("history_user")[:CHANGES_SHOWN],
        "crumbs": crumbs(_("Settings")),
    }
    status = 400 if sent is not None else 200
    return render(request, "dashboard/finance/dunning/settings.html", context, status=status)


@staff_view(POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def level(request: HttpRequest, level: int) -> HttpResponse:
    """One level: when, how long, what it costs, and its words in German and English."""
    row = get_object_or_404(DunningLevel, level=level)
    form = LevelForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save_as(request.user)
        messages.success(request, _("Saved. It applies from the next letter on."))
        return redirect("finance:dunning-settings")
    context = {
        "level": row,
        "form": form,
        "changes": row.history.select_related("history_user")[:CHANGES_SHOWN],
        "crumbs": [*crumbs(_("Settings")), {"title": row.name, "url": ""}],
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/level.html", context, status=status)


urlpatterns = [
    path("dunning/settings/", settings, name="dunning-settings"),
    path("dunning/settings/<row:level>/", level, name="dunning-level"),
]
