"""Staff pages of what service says in ready words, and by when it answers."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from shop.kernel.access import staff_view

from . import actions
from .forms import MacroForm, PolicyForm
from .models import Macro, ServicePolicy

CHANGE = "cases.change_macros"


@staff_view(CHANGE)
@require_safe
def macros(request: HttpRequest) -> HttpResponse:
    """Every ready answer. One query."""
    return render(request, "dashboard/service/macros.html", {"macros": list(Macro.objects.all())})


@staff_view(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def macro(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a ready answer, or change it."""
    found = get_object_or_404(Macro, pk=pk) if pk is not None else None
    form = MacroForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        kept = form.save()
        messages.success(request, _("“%(title)s” is kept.") % {"title": kept.title})
        return redirect("service:macros")
    crumbs = [{"title": _("Ready answers"), "url": reverse("service:macros")},
              {"title": found.title if found else _("New answer"), "url": ""}]  # fmt: skip
    return render(
        request, "dashboard/service/macro.html", {"form": form, "macro": found, "crumbs": crumbs},
        status=422 if form.errors else 200,
    )  # fmt: skip


@staff_view(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest) -> HttpResponse:
    """Service hours and targets."""
    form = PolicyForm(request.POST or None, instance=ServicePolicy.current())
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_policy(form.instance, by=request.user)
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            messages.success(request, _("Cases that come from now on get these times."))
            return redirect("service:policy")
    return render(
        request, "dashboard/service/policy.html", {"form": form}, status=422 if form.errors else 200
    )


urlpatterns = [
    path("cases/answers/", macros, name="macros"),
    path("cases/answers/new/", macro, name="macro-new"),
    path("cases/answers/<row:pk>/", macro, name="macro"),
    path("cases/hours/", policy, name="policy"),
]
