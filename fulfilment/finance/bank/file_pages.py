"""Pages of the bank's files: bring them, see them being read, see what became of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.finance.archive import FileDamaged, damaged_page, opened
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

from . import actions, queries, reasons
from .forms import FileSearch, MappingChoice, UploadForm
from .models import CSV, CsvMapping, StatementFile
from .pages import IMPORT, VIEW, crumbs, tabs
from .parsers import Refused

SORT = {"name": "name", "day": "uploaded_at", "state": "state", "lines": "lines_total"}


@staff_view(VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest) -> HttpResponse:
    """Bring files, and every file that came, newest first."""
    upload, choice = UploadForm(), MappingChoice()
    if request.method == "POST":
        if not request.user.has_perm(IMPORT):
            return HttpResponse(status=403)
        upload, choice = UploadForm(request.POST, request.FILES), MappingChoice(request.POST)
        if upload.is_valid() and choice.is_valid():
            return _take(request, upload.cleaned_data["papers"], choice.cleaned_data["mapping"])
    form = FileSearch(request.GET)
    found = queries.files(search=form.value("q"), state=form.value("state"))
    found = sorted_by(request, found, SORT, ["-uploaded_at", "-pk"])
    if wants_csv(request):
        return _csv(found)
    context = {
        "form": form,
        "upload": upload,
        "choice": choice,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "tabs": tabs("bank-files"),
    }
    status = 400 if upload.is_bound else form.status
    return render(request, "dashboard/finance/bank/files.html", context, status=status)


def _csv(found: Any) -> HttpResponse:
    head = [_("File"), _("Kind"), _("State"), _("Day"), _("Statement lines"), _("New"), _("Reason")]
    cells = (
        [
            row.name, row.get_kind_display(), row.get_state_display(), row.uploaded_at.date().isoformat(),
            row.lines_total, row.lines_new, row.reason,
        ]
        for row in found[:CSV_ROWS_MAX].iterator()
    )  # fmt: skip
    return csv_file("bank-files", head, cells)


def _take(request: HttpRequest, uploads: list[Any], mapping: CsvMapping | None) -> HttpResponse:
    """Keep each file; say of each that is not new or not taken why. One file leads to its own page."""
    taken: list[StatementFile] = []
    for upload in uploads:
        try:
            actions.refuse_size(upload.size)
            file, new = actions.take_file(
                name=upload.name, content=upload.read(), mapping=mapping, by=request.user
            )
        except Refused as refused:
            why = reasons.words(refused.code, refused.facts, refused.line)
            messages.error(request, _("%(name)s was not taken. %(why)s") % {"name": upload.name, "why": why})
            continue
        if not new and file.state == "imported":
            messages.info(
                request, _("%(name)s was imported before; nothing changed.") % {"name": upload.name}
            )
        taken.append(file)
    waiting = sum(file.state != "imported" for file in taken)
    if waiting:
        text = ngettext("%(n)d file is read now.", "%(n)d files are read now.", waiting)
        messages.success(request, text % {"n": waiting})
    return (
        redirect("finance:bank-file", taken[0].pk)
        if len(uploads) == len(taken) == 1
        else redirect("finance:bank-files")
    )


@staff_view(VIEW, shows="list")
@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: how far it is, what it brought or why it was refused, and what to do then."""
    found = _file(pk)
    context = {
        "file": found,
        "statements": found.statements.select_related("account").order_by("position"),
        "choice": MappingChoice(initial={"mapping": found.mapping}) if _is_csv(found) else None,
        "crumbs": crumbs("bank-files", found.name),
    }
    return render(request, "dashboard/finance/bank/file.html", context)


@staff_view(VIEW)
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far reading is, for the page to renew; when it is over the page is loaded anew."""
    found = _file(pk)
    response = render(request, "dashboard/finance/bank/_progress.html", {"file": found})
    if found.state in ("imported", "refused"):
        response["HX-Refresh"] = "true"
    return response


@staff_view(IMPORT)
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a refused file once more, with a mapping where one was chosen."""
    found = _file(pk)
    choice = MappingChoice(request.POST)
    mapping = choice.cleaned_data["mapping"] if choice.is_valid() else None
    if actions.read_again(file=found, mapping=mapping, by=request.user):
        messages.success(request, _("The file %(name)s is read now.") % {"name": found.name})
    else:
        messages.info(request, _("The file is not refused any more; nothing changed."))
    return redirect("finance:bank-file", found.pk)


@staff_view(VIEW, shows="list")
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The file as it came."""
    found = _file(pk)
    try:
        stored = opened(found.key, found.sha256)
    except FileDamaged as damaged:
        back = reverse("finance:bank-file", args=[found.pk])
        return damaged_page(request, damaged, name=found.name, back_url=back)
    # Never shown by the browser itself: it is somebody else's content.
    return FileResponse(
        stored, as_attachment=True, filename=found.name, content_type="application/octet-stream"
    )


def _is_csv(file: StatementFile) -> bool:
    """Whether another mapping may help: a CSV, or a file that was taken for one."""
    asks = ("no_mapping", "several_mappings", "encoding", "broken_csv")
    return (
        file.kind == CSV
        or file.refused_code in asks
        or file.refused_code.startswith("csv_")
        or bool(file.mapping)
    )


def _file(pk: int) -> StatementFile:
    return get_object_or_404(StatementFile.objects.select_related("uploaded_by", "mapping"), pk=pk)


urlpatterns = [
    path("bank/files/", files, name="bank-files"),
    path("bank/files/<row:pk>/", file, name="bank-file"),
    path("bank/files/<row:pk>/progress/", progress, name="bank-file-progress"),
    path("bank/files/<row:pk>/again/", again, name="bank-file-again"),
    path("bank/files/<row:pk>/download/", download, name="bank-file-download"),
]
