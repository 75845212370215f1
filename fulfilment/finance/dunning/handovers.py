"""Pages of the hand-over list: what is ready after the last letter, its dossier, who has it, what came back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.archive import FileDamaged, damaged_page
from fulfilment.finance.forms import ReasonForm
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.lists import (
    CSV_ROWS_MAX,
    Search,
    csv_file,
    csv_url,
    page_of,
    sorted_by,
    wants_csv,
)
from shop.kernel import clock
from shop.kernel.access import staff_view

from .access import RUN, VIEW
from .actions import CannotHandOver, hand_over, ready, take_back
from .dossier import dossier_pdf
from .forms import CollectorForm
from .models import Handover
from .notices import crumbs

SORT = {"number": "number", "due": "due_on", "open": "open_minor", "term": "term_ended"}
SORT_GIVEN = {"number": "invoice__number", "day": "handed_on", "who": "collector", "open": "open_minor"}


@staff_view(VIEW, shows="list")
@require_safe
def handovers(request: HttpRequest) -> HttpResponse:
    """What is ready to be handed over today; as CSV with everything a collector needs."""
    form = Search(request.GET)
    found = ready(clock.today())
    if form.value("q").strip():
        text = form.value("q").strip()
        found = found.filter(Q(number__icontains=text) | Q(buyer__name__icontains=text))
    found = sorted_by(request, found, SORT, ["term_ended", "pk"])
    if wants_csv(request):
        return csv_file("hand-over", _head(), (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "collector_form": CollectorForm(),
        "crumbs": crumbs(_("Hand over")),
    }
    return render(request, "dashboard/finance/dunning/handovers.html", context, status=form.status)


@staff_view(RUN)
@require_POST
def give(request: HttpRequest) -> HttpResponse:
    """Mark the chosen invoices as handed over; the page before said what that means."""
    form = CollectorForm(request.POST)
    numbers = request.POST.getlist("invoice")
    invoices = list(Invoice.objects.filter(number__in=numbers[:500]))
    if not form.is_valid() or not invoices:
        messages.error(request, _("Please choose at least one invoice and say who collects from now on."))
        return redirect("finance:dunning-handovers")
    try:
        done = hand_over(invoices=invoices, collector=form.cleaned_data["collector"], by=request.user)
    except CannotHandOver as refused:
        messages.error(request, str(refused))
        return redirect("finance:dunning-handovers")
    messages.success(
        request, _("%(n)d handed over; no letter goes out for them any more.") % {"n": len(done)}
    )
    return redirect("finance:dunning-handed-over")


@staff_view(VIEW, shows="list")
@require_safe
def handed_over(request: HttpRequest) -> HttpResponse:
    """What somebody else collects, and what came back."""
    form = Search(request.GET)
    found = Handover.objects.select_related("invoice", "by", "back_by")
    if form.value("q").strip():
        text = form.value("q").strip()
        found = found.filter(Q(invoice__number__icontains=text) | Q(collector__icontains=text))
    found = sorted_by(request, found, SORT_GIVEN, ["-handed_on", "-pk"])
    if wants_csv(request):
        head = [
            _("Invoice"),
            _("Handed over to"),
            _("Date"),
            _("Open"),
            _("Claims"),
            _("Back on"),
            _("Reason"),
        ]
        rows = (
            [row.invoice.number, row.collector, row.handed_on.isoformat(), CsvAmount(row.open_minor),
             CsvAmount(row.claims_minor), row.back_on.isoformat() if row.back_on else "", row.back_why]
            for row in found[:CSV_ROWS_MAX].iterator()
        )  # fmt: skip
        return csv_file("handed-over", head, rows)
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "crumbs": crumbs(_("Handed over")),
    }
    return render(request, "dashboard/finance/dunning/handed_over.html", context, status=form.status)


@staff_view(RUN, shows="handover")
@require_http_methods(["GET", "HEAD", "POST"])
def back(request: HttpRequest, pk: int) -> HttpResponse:
    """It comes back to us: letters may go on."""
    row = get_object_or_404(Handover.objects.select_related("invoice"), pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if take_back(handover=row, why=form.cleaned_data["reason"], by=request.user):
            messages.success(request, _("It is ours again; letters may go on."))
        else:
            messages.info(request, _("It came back before."))
        return redirect("finance:dunning-handed-over")
    context = {"row": row, "form": form, "crumbs": crumbs(_("Handed over"), row.invoice.number)}
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/take_back.html", context, status=status)


@staff_view(VIEW, shows="invoice")
@require_safe
def dossier(request: HttpRequest, number: str) -> HttpResponse:
    """Invoice, letters and statement of one claim in one PDF."""
    invoice = get_object_or_404(Invoice, number=number, kind="invoice")
    try:
        content = dossier_pdf(invoice)
    except FileDamaged as damaged:
        back = reverse("finance:invoice", args=[invoice.number])
        return damaged_page(request, damaged, name=f"{invoice.number}.pdf", back_url=back)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="dossier-{invoice.number}.pdf"'
    return response


def _head() -> list[str]:
    return [_("Invoice"), _("Date"), _("Due"), _("Gross"), _("Open"), _("Interest and costs"), _("Last letter"),
            _("Term ended"), _("Customer number"), _("Name"), _("Street"), _("Postcode"), _("City"), _("Country"),
            _("E-mail"), _("Phone"), _("VAT ID"), _("Order")]  # fmt: skip


def _cells(row: Any) -> list[Any]:
    buyer = row.buyer
    return [row.number, row.issued_on.isoformat(), row.due_on.isoformat(), CsvAmount(row.gross_minor),
            CsvAmount(row.open_minor), CsvAmount(row.claims_minor), row.last_notice, row.term_ended.isoformat(),
            row.user_id or "", buyer.get("name", ""), buyer.get("street", ""), buyer.get("postcode", ""),
            buyer.get("city", ""), buyer.get("country", ""), buyer.get("email", ""), buyer.get("phone", ""),
            buyer.get("vat_id", ""), row.order_number]  # fmt: skip


urlpatterns = [
    path("dunning/hand-over/", handovers, name="dunning-handovers"),
    path("dunning/hand-over/give/", give, name="dunning-hand-over"),
    path("dunning/handed-over/", handed_over, name="dunning-handed-over"),
    path("dunning/handed-over/<row:pk>/back/", back, name="dunning-take-back"),
    path("dunning/dossier/<slug:number>.pdf", dossier, name="dunning-dossier"),
]
