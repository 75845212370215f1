"""The page of one export: what it is, what happened to it, who fetched it, and what to do when it failed."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from fulfilment.finance.archive import FileDamaged, damaged_page, opened
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.states import StateError

from . import actions
from .models import DATEV, Z3, Export
from .reasons import words
from .states import EXPORT
from .z3 import Stretch

MAKE = "exports.make_exports"
TONES = {"waiting": "busy", "made": "good", "failed": "bad", "given_up": "neutral"}
SHOWN_FETCHES = 100


@staff_view(MAKE)
@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """One export with its facts, its history and those who fetched it."""
    found = get_object_or_404(Export.objects.select_related("created_by"), pk=pk)
    history = StateChange.objects.filter(machine=EXPORT.name, thing_id=found.pk).select_related("by")
    title = _("Export %(n)d") % {"n": found.pk}
    context = {
        "export": found,
        "title": title,
        "tone": TONES[found.state],
        "is_datev": found.kind == DATEV,
        "may_still_change": found.kind == Z3 and Stretch(found.first_day, found.last_day).closed_at() is None,
        "history": [
            {"change": change, "label": EXPORT.labels[change.new], "reason": _why(change)}
            for change in history.order_by("-pk")
        ],
        "fetches": found.fetches.select_related("by")[:SHOWN_FETCHES],
        "crumbs": [
            {"title": _("Exports"), "url": reverse("finance:exports")},
            {"title": title, "url": ""},
        ],
    }
    return render(request, "dashboard/finance/exports/export.html", context)


@staff_view(MAKE, shows="list")
@require_GET
def download(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The file of an export as it was made. Who fetches it is noted."""
    found = get_object_or_404(Export, pk=pk, state="made")
    try:
        stored = opened(found.key, found.sha256)
    except FileDamaged as damaged:
        back = reverse("finance:export", args=[found.pk])
        return damaged_page(request, damaged, name=found.name, back_url=back)
    actions.fetched(export=found, by=request.user)
    return FileResponse(
        stored, as_attachment=True, filename=found.name, content_type="application/octet-stream"
    )


@staff_view(MAKE)
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have an export that failed made again."""
    found = get_object_or_404(Export, pk=pk)
    try:
        actions.again(export=found, by=request.user)
    except StateError:
        messages.error(request, _not_failed())
    else:
        messages.success(request, _("The export %(n)d is being made again.") % {"n": found.pk})
    return redirect("finance:export", found.pk)


@staff_view(MAKE)
@require_POST
def give_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up an export that failed."""
    found = get_object_or_404(Export, pk=pk)
    try:
        freed = actions.give_up(export=found, by=request.user)
    except StateError:
        messages.error(request, _not_failed())
    else:
        messages.success(request, _given_up(found, freed))
    return redirect("finance:export", found.pk)


def _given_up(found: Export, freed: int) -> str:
    said = _("The export %(n)d is given up.") % {"n": found.pk}
    if not freed:
        return said
    free = ngettext(
        "%(count)d entry is free for the next DATEV batch.",
        "%(count)d entries are free for the next DATEV batch.",
        freed,
    )
    return f"{said} {free % {'count': freed}}"


def _not_failed() -> str:
    return _("This export has not failed, or a colleague was faster. This page shows how it stands.")


def _why(change: StateChange) -> str:
    """What a person did, or what went wrong; nothing where the state says it all."""
    return _("asked for again") if change.why == "asked again" else words(change.why)


urlpatterns = [
    path("exports/<row:pk>/", export, name="export"),
    path("exports/<row:pk>/download/", download, name="export-download"),
    path("exports/<row:pk>/again/", again, name="export-again"),
    path("exports/<row:pk>/give-up/", give_up, name="export-give-up"),
]
