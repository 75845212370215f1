"""Pages of write-offs: the list, one of them, giving a claim up and taking that back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.forms import ReasonForm
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.actions import PeriodClosed
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.approvals.models import Approval
from shop.kernel.access import staff_view

from . import access
from .actions import CannotWriteOff, ask_or_write_off, undo_write_off
from .actions.write_off import KIND
from .forms import WriteOffForm, WriteOffSearch
from .models import WriteOff
from .notices import crumbs

SORT = {"number": "invoice__number", "day": "booked_on", "amount": "amount_minor", "reason": "reason_code"}


@staff_view(access.VIEW, shows="list")
@require_safe
def write_offs(request: HttpRequest) -> HttpResponse:
    """Every write-off, newest first."""
    form = WriteOffSearch(request.GET)
    found = WriteOff.objects.select_related("invoice", "by", "approved_by")
    text = form.value("q").strip()
    if text:
        found = found.filter(Q(invoice__number__icontains=text) | Q(reason__icontains=text))
    if form.value("reason"):
        found = found.filter(reason_code=form.value("reason"))
    found = sorted_by(request, form.within(found, "booked_on"), SORT, ["-booked_on", "-pk"])
    if wants_csv(request):
        head = [_("Invoice"), _("Date"), _("Written off"), _("Came after all"), _("Reason"), _("In words")]
        rows = (
            [row.invoice.number, row.booked_on.isoformat(), CsvAmount(row.amount_minor),
             CsvAmount(row.recovered_minor), row.get_reason_code_display(), row.reason]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("write-offs", head, rows)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "crumbs": crumbs(_("Write-offs")),
    }
    return render(request, "dashboard/finance/dunning/write_offs.html", context, status=form.status)


@staff_view(access.VIEW, shows="write_off")
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One write-off: loss and VAT per rate, who decided, what came after all."""
    found = get_object_or_404(WriteOff.objects.select_related("invoice", "by", "approved_by"), pk=pk)
    context = {
        "row": found,
        "recoveries": list(found.recoveries.order_by("pk")),
        "crumbs": crumbs(_("Write-offs"), found.invoice.number),
    }
    return render(request, "dashboard/finance/dunning/write_off.html", context)


@staff_view(access.WRITE_OFF, shows="invoice")
@require_http_methods(["GET", "HEAD", "POST"])
def give_up(request: HttpRequest, number: str) -> HttpResponse:
    """Write an invoice off, whole or in part; above the limit somebody else decides."""
    invoice = get_object_or_404(Invoice, number=number, kind="invoice")
    form = WriteOffForm(request.POST or None, initial={"amount_minor": CsvAmount(invoice.open_minor)})
    if request.method == "POST" and form.is_valid():
        answer = _try(request, invoice, form)
        if answer is not None:
            return answer
    context = {
        "invoice": invoice,
        "form": form,
        "waiting": Approval.objects.filter(kind=KIND, key=invoice.number, state="waiting").first(),
        "crumbs": crumbs(_("Write-offs"), invoice.number),
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/give_up.html", context, status=status)


def _try(request: HttpRequest, invoice: Invoice, form: WriteOffForm) -> HttpResponse | None:
    said: dict[str, Any] = form.cleaned_data
    try:
        done = ask_or_write_off(invoice=invoice, by=request.user, **said)
    except CannotWriteOff as refused:
        form.add_error("amount_minor", str(refused))
        return None
    except PeriodClosed:
        form.add_error(None, _("Today's period is closed; nothing can be booked."))
        return None
    if isinstance(done, Approval):
        messages.success(request, _("It waits for a second person to approve it."))
        return redirect("finance:invoice", invoice.number)
    messages.success(request, _("Written off; its VAT is corrected."))
    return redirect("finance:write-off", done.pk)


@staff_view(access.WRITE_OFF, shows="write_off")
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a write-off back by reversal."""
    found = get_object_or_404(WriteOff.objects.select_related("invoice"), pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if undo_write_off(write_off=found, why=form.cleaned_data["reason"], by=request.user):
                messages.success(request, _("Taken back; the invoice asks for its money again."))
            else:
                messages.info(request, _("It was taken back before."))
        except (CannotWriteOff, PeriodClosed) as refused:
            messages.error(request, str(refused))
        return redirect("finance:write-off", pk)
    context = {"row": found, "form": form, "crumbs": crumbs(_("Write-offs"), found.invoice.number)}
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/undo_write_off.html", context, status=status)


urlpatterns = [
    path("write-offs/", write_offs, name="write-offs"),
    path("write-offs/<row:pk>/", one, name="write-off"),
    path("write-offs/<row:pk>/undo/", undo, name="undo-write-off"),
    path("invoices/<slug:number>/write-off/", give_up, name="give-up"),
]
