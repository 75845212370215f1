"""Staff pages of transfers: the list, one of them, send it off, close it. The phone: ``screens``."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.ui.reasons import reason

from . import actions, arrivals, papers, queries, screens
from .forms import MissingForm, TransferForm, TransferSearch, WhyForm
from .models import Transfer, TransferLine

SORT = {
    "number": "number",
    "state": "state",
    "source": "source__name",
    "target": "target__name",
    "pieces": "pieces",
    "difference": "difference",
    "created": "created_at",
}
STEPS_SHOWN = 60


@staff_view("transfers.view_transfers")
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    """Every transfer, newest first."""
    form = TransferSearch(request.GET)
    rows: Any = queries.transfers()
    if form.value("q"):
        with_sku = TransferLine.objects.filter(stockrecord__partner_sku__iexact=form.value("q"))
        rows = rows.filter(
            Q(number__icontains=form.value("q"))
            | Q(note__icontains=form.value("q"))
            | Q(pk__in=with_sku.values("transfer"))
        )
    if form.value("state"):
        rows = rows.filter(state=form.value("state"))
    if form.value("differences"):
        rows = queries.with_differences(rows)
    rows = sorted_by(request, rows, SORT, ["-created_at", "-pk"])
    if wants_csv(request):
        head = [
            _("Transfer"),
            _("State"),
            _("From site"),
            _("To site"),
            _("Pieces"),
            _("Arrived"),
            _("Difference"),
        ]
        cells = (
            [r.number, r.get_state_display(), r.source, r.target, r.pieces, r.arrived, r.difference]
            for r in rows
        )
        return csv_file("transfers", head, cells)
    context = {"page": page_of(request, rows), "form": form, "csv_url": csv_url(request)}
    return render(request, "dashboard/warehouse/transfers/list.html", context, status=form.status)


@staff_view("transfers.move_between_sites")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a transfer: from where to where."""
    form = TransferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.begin(by=request.user, **form.cleaned_data)
        except StockError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("Transfer %(number)s is there. Scan what it takes.") % {"number": made}
            )
            return redirect("warehouse:transfer-collect", pk=made.pk)
    context = {"form": form, "crumbs": [_crumb(), {"title": _("New transfer"), "url": ""}]}
    status = 400 if form.errors else 200
    return render(request, "dashboard/warehouse/transfers/new.html", context, status=status)


def _crumb() -> dict[str, str]:
    return {"title": _("Transfers"), "url": reverse("warehouse:transfers")}


@staff_view("transfers.view_transfers")
@require_safe
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """One transfer: what is on it, what will happen next, what happened."""
    return _page(request, pk)


def _page(
    request: HttpRequest, pk: int, problem: str = "", why_form: WhyForm | None = None, status: int = 200
) -> HttpResponse:
    found = get_object_or_404(queries.transfers(), pk=pk)
    lines = list(queries.lines_of(pk))
    ready = queries.readiness(lines) if found.state == "draft" else []
    changes = StateChange.objects.filter(machine="transfer", thing_id=pk).select_related("by")
    labels = dict(Transfer.machine.choices)
    context = {
        "transfer": found,
        "lines": lines,
        "ready": ready,
        "is_short": any(row.is_short for row in ready),
        "problem": problem,
        "why_form": why_form or WhyForm(),
        "articles": len({line.stockrecord_id for line in lines}),
        "steps": queries.steps_of(pk)[:STEPS_SHOWN],
        "events": [
            {
                "title": labels["draft"],
                "at": found.created_at,
                "by": found.created_by.name if found.created_by else "",
            },
            *(
                {
                    "title": labels.get(c.new, c.new),
                    "at": c.at,
                    "by": c.by.name if c.by else "",
                    "text": reason(c.why),
                }
                for c in changes
            ),
        ],
        "crumbs": [_crumb(), {"title": found.number, "url": ""}],
    }
    return render(request, "dashboard/warehouse/transfers/detail.html", context, status=status)


@staff_view("transfers.move_between_sites")
@require_POST
def take_off(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """Take a line off the list."""
    found = (
        TransferLine.objects.select_related("transfer", "stockrecord").filter(pk=line, transfer=pk).first()
    )
    if found is not None:  # a second click finds nothing more to take off
        try:
            actions.take_off(line=found, by=request.user)
        except StockError as error:
            return _page(request, pk, problem=str(error), status=409)
        messages.success(request, _("%(sku)s is off the list.") % {"sku": found.stockrecord.partner_sku})
    return redirect("warehouse:transfer-page", pk=pk)


@staff_view("transfers.move_between_sites")
@require_POST
def dispatch(request: HttpRequest, pk: int) -> HttpResponse:
    """The goods leave."""
    found = get_object_or_404(Transfer, pk=pk)
    try:
        pieces = actions.dispatch(transfer=found, by=request.user)
    except StockError as error:
        return _page(request, pk, problem=str(error), status=409)
    text = ngettext(
        "%(n)s piece is on its way to %(site)s.", "%(n)s pieces are on their way to %(site)s.", pieces
    )
    messages.success(request, text % {"n": pieces, "site": found.target})
    return redirect("warehouse:transfer-page", pk=pk)


@staff_view("transfers.move_between_sites")
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up a transfer that has not left."""
    found = get_object_or_404(Transfer, pk=pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, why_form=form, status=400)
    try:
        actions.cancel(transfer=found, by=request.user, why=form.cleaned_data["why"])
    except StockError as error:
        return _page(request, pk, problem=str(error), status=409)
    messages.success(
        request, _("Transfer %(number)s is cancelled; nothing was moved.") % {"number": found.number}
    )
    return redirect("warehouse:transfer-page", pk=pk)


@staff_view("transfers.move_between_sites")
@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """What has not arrived goes back to its bins."""
    found = get_object_or_404(Transfer, pk=pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, why_form=form, status=400)
    try:
        pieces = arrivals.send_back(transfer=found, by=request.user, why=form.cleaned_data["why"])
    except StockError as error:
        return _page(request, pk, problem=str(error), status=409)
    text = ngettext("%(n)s piece lies in its bin again.", "%(n)s pieces lie in their bins again.", pieces)
    messages.success(request, text % {"n": pieces})
    return redirect("warehouse:transfer-page", pk=pk)


@staff_view("transfers.move_between_sites")
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that came was scanned: say why the rest is missing, see what will be booked, close."""
    found = get_object_or_404(queries.transfers(), pk=pk)
    lines = [line for line in queries.lines_of(pk) if line.quantity_open]
    form = MissingForm(request.POST if request.method == "POST" else None, lines=lines)
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            missing = arrivals.close(transfer=found, reasons=form.reasons(), by=request.user)
        except StockError as error:
            problem = str(error)
        else:
            messages.success(request, _closed_text(found, missing))
            return redirect("warehouse:transfer-page", pk=pk)
    elif found.state != "dispatched":
        return redirect("warehouse:transfer-page", pk=pk)
    context = {
        "transfer": found,
        "form": form,
        "problem": problem,
        "pieces": sum(line.quantity_open for line in lines),
        "value_minor": sum(line.quantity_open * line.stockrecord.unit_cost_minor for line in lines),
        "crumbs": [
            _crumb(),
            {"title": found.number, "url": reverse("warehouse:transfer-page", args=[pk])},
            {"title": _("Close"), "url": ""},
        ],
    }
    status = 409 if problem else 400 if form.errors else 200
    return render(request, "dashboard/warehouse/transfers/close.html", context, status=status)


def _closed_text(found: Transfer, missing: int) -> str:
    if not missing:
        return _("Transfer %(number)s is closed: everything arrived.") % {"number": found.number}
    text = ngettext(
        "Transfer %(number)s is closed: %(n)s piece is missing, taken out of stock, and told to the accounts.",
        "Transfer %(number)s is closed: %(n)s pieces are missing, taken out of stock, and told to the accounts.",
        missing,
    )
    return text % {"number": found.number, "n": missing}


@staff_view("transfers.view_transfers")
@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The list that travels with the goods, as PDF."""
    found = get_object_or_404(queries.transfers(), pk=pk)
    headers = {"Content-Disposition": f'inline; filename="transfer-{found.number}.pdf"'}
    return HttpResponse(papers.transfer_list(found), content_type="application/pdf", headers=headers)


urlpatterns = [
    path("transfers/", transfers, name="transfers"),
    path("transfers/new/", new, name="transfer-new"),
    path("transfers/<row:pk>/", transfer, name="transfer-page"),
    path("transfers/<row:pk>/lines/<row:line>/take-off/", take_off, name="transfer-take-off"),
    path("transfers/<row:pk>/dispatch/", dispatch, name="transfer-dispatch"),
    path("transfers/<row:pk>/cancel/", cancel, name="transfer-cancel"),
    path("transfers/<row:pk>/send-back/", send_back, name="transfer-send-back"),
    path("transfers/<row:pk>/close/", close, name="transfer-close"),
    path("transfers/<row:pk>/list.pdf", paper, name="transfer-paper"),
    *screens.urlpatterns,
]

NAV = [
    NavEntry(
        "warehouse",
        gettext_lazy("Transfers"),
        "warehouse:transfers",
        "transfers.view_transfers",
        "truck",
        56,
        queries.on_their_way,
    ),
]
