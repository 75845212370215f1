"""The page of one export: what it is, what happened to it, who fetched it, and what to do when it failed."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from fulfilment.finance.archive import FileDamaged, damaged_page, opened
from fulfilment.finance.forms import ReasonForm
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.states import StateError

from . import actions
from .models import DATEV, HAS_FILE, Z3, Export
from .reasons import words
from .states import EXPORT
from .z3 import Stretch

MAKE = "exports.make_exports"
TONES = {"waiting": "busy", "made": "good", "failed": "bad", "given_up": "neutral", "withdrawn": "warn"}
SHOWN_FETCHES = 100


@staff_view(MAKE)
@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """One export with its facts, its history and those who fetched it."""
    return _page(request, pk, ReasonForm())


def _page(request: HttpRequest, pk: int, form: ReasonForm, status: int = 200) -> HttpResponse:
    found = get_object_or_404(Export.objects.select_related("created_by"), pk=pk)
    history = StateChange.objects.filter(machine=EXPORT.name, thing_id=found.pk).select_related("by")
    title = _("Export %(n)d") % {"n": found.pk}
    context = {
        "export": found,
        "title": title,
        "tone": TONES[found.state],
        "is_datev": found.kind == DATEV,
        "has_file": found.state in HAS_FILE,
        "withdrawal": form,
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
    return render(request, "dashboard/finance/exports/export.html", context, status=status)


@staff_view(MAKE, shows="list")
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The file of an export as it was made. Who fetches it is noted."""
    found = get_object_or_404(Export, pk=pk, state__in=HAS_FILE)
    try:
        stored = opened(found.key, found.sha256)
    except FileDamaged as damaged:
        back = reverse("finance:export", args=[found.pk])
        return damaged_page(request, damaged, name=found.name, back_url=back)
    actions.fetched(export=found, by=request.user)
    return FileResponse(
        stored, as_attachment=True, filename=_name(found), content_type="application/octet-stream"
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


@staff_view(MAKE)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a batch that was made, with the reason."""
    found = get_object_or_404(Export, pk=pk, kind=DATEV)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, form, 400)
    try:
        freed = actions.withdraw(export=found, why=form.cleaned_data["reason"], by=request.user)
    except StateError:
        messages.error(request, _("Only a batch that is made and was not withdrawn before can be withdrawn."))
    else:
        said = _("The batch %(n)d is withdrawn; its file stays here, marked.") % {"n": found.pk}
        messages.success(request, f"{said} {_free(freed)}".strip())
    return redirect("finance:export", found.pk)


def _name(found: Export) -> str:
    """What the file is called when it is downloaded: one that was withdrawn says so."""
    return f"withdrawn-{found.name}" if found.state == "withdrawn" else found.name


def _given_up(found: Export, freed: int) -> str:
    said = _("The export %(n)d is given up.") % {"n": found.pk}
    return f"{said} {_free(freed)}".strip()


def _free(freed: int) -> str:
    if not freed:
        return ""
    free = ngettext(
        "%(count)d entry is free for the next DATEV batch.",
        "%(count)d entries are free for the next DATEV batch.",
        freed,
    )
    return free % {"count": freed}


def _not_failed() -> str:
    return _("This export has not failed, or a colleague was faster. This page shows how it stands.")


def _why(change: StateChange) -> str:
    """What a person did, or what went wrong; nothing where the state says it all."""
    if change.new == "withdrawn":
        return change.why
    return _("asked for again") if change.why == "asked again" else words(change.why)


urlpatterns = [
    path("exports/<row:pk>/", export, name="export"),
    path("exports/<row:pk>/download/", download, name="export-download"),
    path("exports/<row:pk>/again/", again, name="export-again"),
    path("exports/<row:pk>/give-up/", give_up, name="export-give-up"),
    path("exports/<row:pk>/withdraw/", withdraw, name="export-withdraw"),
]
