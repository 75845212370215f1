"""Pages of CSV mappings: the list, and an editor that shows at once what it makes of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.files.storage import storages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view

from . import actions, reasons
from .forms import MappingForm
from .models import CsvMapping, StatementFile
from .pages import MANAGE, VIEW, crumbs, tabs
from .parsers import Refused
from .parsers.csv_file import Mapping, header, parse, rows

SAMPLE_BYTES = 20_000  #: of a stored file, as far as whole lines go
LINES_SHOWN = 8
CHANGES_SHOWN = 20


@dataclass
class Preview:
    """What a mapping makes of a sample: names of its columns, first lines, or the reason why not."""

    columns: list[str] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)
    reason: str = ""
    has_sample: bool = False


@staff_view(VIEW)
@require_safe
def mappings(request: HttpRequest) -> HttpResponse:
    """Every saved mapping."""
    form = Search(request.GET)
    found = CsvMapping.objects.select_related("account")
    if form.value("q"):
        found = found.filter(name__icontains=form.value("q"))
    found = sorted_by(request, found, {"name": "name", "account": "account__name"}, ["name"])
    if wants_csv(request):
        head = [_("Name"), _("Bank account"), _("Columns")]
        cells = (
            [
                row.name,
                row.account.name if row.account else "",
                ", ".join(f"{key}: {name}" for key, name in Mapping.of(row.settings).columns.items()),
            ]
            for row in found
        )
        return csv_file("csv-mappings", head, cells)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "tabs": tabs("bank-mappings"),
    }
    return render(request, "dashboard/finance/bank/mappings.html", context, status=form.status)


@staff_view(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_mapping(request: HttpRequest) -> HttpResponse:
    """A new mapping; tried with the file that asked for it, which is read with it afterwards."""
    return _editor(request, CsvMapping())


@staff_view(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a mapping; files imported before stay as they are."""
    return _editor(request, get_object_or_404(CsvMapping, pk=pk))


@staff_view(MANAGE)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What the mapping as it is being typed makes of the sample. Keeps nothing."""
    form = MappingForm(request.POST, instance=CsvMapping())
    form.is_valid()
    context = {"preview": _try(form, _asking(request)), "oob": True}
    return render(request, "dashboard/finance/bank/_preview.html", context)


def _editor(request: HttpRequest, mapping: CsvMapping) -> HttpResponse:
    asking = _asking(request)
    form = MappingForm(request.POST or None, instance=mapping)
    if request.method == "POST" and form.is_valid() and request.POST.get("step") != "try":
        form.instance.settings = form.mapping().as_settings()
        try:
            actions.save_mapping(mapping=form.instance, by=request.user)
        except actions.AccountTaken:
            form.add_error("name", _("Another mapping is called so."))
        else:
            messages.success(request, _("The mapping %(name)s is saved.") % {"name": form.instance.name})
            if asking is not None and actions.read_again(file=asking, mapping=form.instance, by=request.user):
                messages.info(request, _("The file %(name)s is read now.") % {"name": asking.name})
                return redirect("finance:bank-file", asking.pk)
            return redirect("finance:bank-mappings")
    title = mapping.name if mapping.pk else _("New CSV mapping")
    context = {
        "form": form,
        "mapping": mapping,
        "asking": asking,
        "preview": _try(form, asking),
        "page_title": title,
        "changes": mapping.history.select_related("history_user")[:CHANGES_SHOWN] if mapping.pk else [],
        "crumbs": crumbs("bank-mappings", title),
    }
    trying = request.POST.get("step") == "try"
    status = 400 if form.is_bound and not trying else 200
    return render(request, "dashboard/finance/bank/mapping.html", context, status=status)


def _try(form: MappingForm, asking: StatementFile | None) -> Preview:
    """Read the sample with what was entered so far; an unfinished form shows at least the columns."""
    sample = form.data.get("sample", "") if form.is_bound else ""
    data = sample.encode(errors="replace") if sample.strip() else _beginning(asking)
    found = Preview(has_sample=bool(data.strip()))
    if not found.has_sample:
        return found
    mapping = form.mapping() if form.is_bound else Mapping.of(form.instance.settings)
    if sample.strip():  # what was pasted is text already
        mapping = Mapping.of(mapping.as_settings() | {"encoding": "auto"})
    try:
        table = rows(data, mapping)
        found.columns = [name for name in header(table, mapping) if name]
        parsed = parse(data, mapping, iban="-")
        found.lines = [line for statement in parsed.statements for line in statement.lines][:LINES_SHOWN]
    except Refused as refused:
        found.reason = reasons.words(refused.code, refused.facts, refused.line)
    return found


def _beginning(asking: StatementFile | None) -> bytes:
    """The first whole lines of a stored file."""
    if asking is None:
        return b""
    try:
        with storages["documents"].open(asking.key) as stored:
            data: bytes = stored.read(SAMPLE_BYTES + 1)
    except FileNotFoundError:
        return b""
    return data if len(data) <= SAMPLE_BYTES else data[: data.rfind(b"\n", 0, SAMPLE_BYTES) + 1]


def _asking(request: HttpRequest) -> StatementFile | None:
    """The refused file from whose page one came; None for none or nonsense."""
    text = request.POST.get("file") or request.GET.get("file") or ""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    return StatementFile.objects.filter(pk=int(text), state="refused").first()


urlpatterns = [
    path("bank/mappings/", mappings, name="bank-mappings"),
    path("bank/mappings/add/", add_mapping, name="bank-mapping-add"),
    path("bank/mappings/preview/", preview, name="bank-mapping-preview"),
    path("bank/mappings/<row:pk>/", change_mapping, name="bank-mapping"),
]
