"""Staff pages of invoicing: list, one invoice with its files, credit note, cancellation, open items."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from checkout.vat_ids import vies
from checkout.vat_ids.queries import checks_of
from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.archive import FileDamaged, damaged_page
from fulfilment.finance.forms import ReasonForm
from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.numbers import money_text

from . import actions, files, merchant_page, page_parts, queries, replace_page
from .actions.rests import credited_minor
from .forms import BUCKET_LABELS, CreditNoteForm, InvoiceSearch, OpenItemSearch
from .models import Invoice

SORT = {
    "number": "number",
    "date": "issued_on",
    "due": "due_on",
    "gross": "gross_minor",
    "open": "open_minor",
    "customer": "buyer__name",
}
CUTS = {"pdf": "application/pdf", "xml": "application/xml"}


@staff_view("invoicing.view_invoices", shows="list")
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """Every document, newest first."""
    form = InvoiceSearch(request.GET)
    found = queries.invoices(
        search=form.value("q"),
        kind=form.value("kind"),
        state=form.value("state"),
        first_day=form.day("first"),
        last_day=form.day("last"),
        today=clock.today(),
    )
    found = sorted_by(request, found, SORT, ["-issued_on", "-pk"])
    if wants_csv(request):
        return csv_file("invoices", _head(), (_cells(invoice) for invoice in found[:CSV_ROWS_MAX].iterator()))
    context = {
        "form": form,
        "page": page_of(request, found),
        "csv_url": csv_url(request),
        "today": clock.today(),
    }
    return render(request, "dashboard/finance/invoices.html", context, status=form.status)


@staff_view("invoicing.view_invoices", shows="list")
@require_safe
def open_items(request: HttpRequest) -> HttpResponse:
    """What customers owe, longest overdue first, with its age."""
    today = clock.today()
    form = OpenItemSearch(request.GET)
    found = queries.open_items(today, bucket=form.value("age"), search=form.value("q"))
    found = sorted_by(request, found, SORT, ["due_on", "pk"])
    if wants_csv(request):
        return csv_file(
            "open-items", _head(), (_cells(invoice) for invoice in found[:CSV_ROWS_MAX].iterator())
        )
    buckets = queries.ageing(today)
    page = page_of(request, found)
    for invoice in page.object_list:
        invoice.days = invoice.days_overdue(today)
    context = {
        "form": form,
        "page": page,
        "buckets": [
            {
                "code": bucket.code,
                "label": BUCKET_LABELS[bucket.code],
                "count": bucket.count,
                "minor": bucket.open_minor,
            }
            for bucket in buckets
        ],
        "total_minor": sum(bucket.open_minor for bucket in buckets),
        "shown_minor": found.order_by().aggregate(total=Sum("open_minor"))["total"] or 0,
        "csv_url": csv_url(request),
    }
    return render(request, "dashboard/finance/open_items.html", context, status=form.status)


@staff_view("invoicing.view_invoices", shows="invoice")
@require_safe
def invoice(request: HttpRequest, number: str) -> HttpResponse:
    """One document: facts, lines, VAT, what was paid on it, what corrects it."""
    found = page_parts.one(number)
    vat_checks = checks_of(found.buyer.get("vat_id", ""))
    context = {
        "invoice": found,
        "lines": list(found.lines.all()),
        "taxes": page_parts.taxes(found),
        "allocations": list(found.allocations.all()),
        "corrections": list(found.corrections.all()),
        "days_overdue": found.days_overdue(clock.today()),
        "checks": vat_checks,
        "is_part": queries.is_part(found),
        "advice": page_parts.advice(found, vat_checks),
        "may_ask_register": bool(found.buyer.get("vat_id")) and vies.is_on(),
        "crumbs": page_parts.crumbs(found),
    }
    return render(request, "dashboard/finance/invoice.html", context)


@staff_view("invoicing.view_invoices", shows="invoice")
@require_safe
def invoice_file(request: HttpRequest, number: str, cut: str) -> HttpResponse:
    """The archived PDF or XML, made now when the task has not come by yet."""
    found = page_parts.one(number)
    try:
        content = queries.invoice_pdf_bytes(found.pk) if cut == "pdf" else queries.invoice_xml_bytes(found.pk)
    except FileDamaged as damaged:
        back = reverse("finance:invoice", args=[found.number])
        return damaged_page(request, damaged, name=f"{found.number}.{cut}", back_url=back)
    response = HttpResponse(content, content_type=CUTS[cut])
    shown = "inline" if cut == "pdf" else "attachment"
    response["Content-Disposition"] = f'{shown}; filename="{found.number}.{cut}"'
    return response


@staff_view("invoicing.view_invoices", shows="invoice")
@require_safe
def xrechnung(request: HttpRequest, number: str) -> HttpResponse:
    """The invoice as XRechnung for a public buyer, or in words why it is none."""
    found = page_parts.one(number)
    try:
        content = queries.xrechnung_bytes(found.pk)
    except files.XRechnungIncomplete as incomplete:
        messages.error(
            request,
            _("This makes no XRechnung yet: %(missing)s.") % {"missing": "; ".join(incomplete.missing)},
        )
        return redirect("finance:invoice", found.number)
    response = HttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{found.number}-xrechnung.xml"'
    return response


@staff_view("invoicing.issue_credit_notes", shows="invoice")
@require_http_methods(["GET", "HEAD", "POST"])
def credit_note(request: HttpRequest, number: str) -> HttpResponse:
    """Credit pieces, shipping or an amount: first what will happen, then it happens."""
    found = page_parts.standing(number)
    form = CreditNoteForm(request.POST or None, invoice=found)
    context: dict[str, Any] = {
        "invoice": found,
        "form": form,
        "crumbs": page_parts.crumbs(found),
        "left_minor": found.gross_minor - credited_minor(found),
    }
    if request.method != "POST" or not form.is_valid() or request.POST.get("step") == "back":
        status = 400 if form.is_bound and form.errors else 200
        return render(request, "dashboard/finance/credit_note.html", context, status=status)
    wanted = {
        "invoice": found,
        "source": f"credit:{form.cleaned_data['key']}",
        "reason": form.cleaned_data["reason"],
        "quantities": form.quantities(),
        "amount_minor": form.cleaned_data.get("amount"),
        "with_shipping": bool(form.cleaned_data.get("shipping")),
        "by": request.user,
    }
    try:
        if request.POST.get("step") == "issue":
            note = actions.credit_note(**wanted)
            facts = {"number": note.number, "amount": money_text(note.gross_minor, note.currency)}
            messages.success(request, _("Credit note %(number)s over %(amount)s was issued.") % facts)
            return redirect("finance:invoice", note.number)
        context["preview"] = _rehearse(wanted)
    except actions.CreditTooLarge:
        form.add_error(None, _("That is more than is left to credit on this invoice."))
        return render(request, "dashboard/finance/credit_note.html", context, status=400)
    except actions.GivenUp as error:
        form.add_error(None, str(error))
        return render(request, "dashboard/finance/credit_note.html", context, status=409)
    except ValueError:
        form.add_error(None, _("The invoice no longer stands: it was cancelled."))
        return render(request, "dashboard/finance/credit_note.html", context, status=409)
    return render(request, "dashboard/finance/credit_note_confirm.html", context)


@staff_view("invoicing.issue_credit_notes", shows="invoice")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Cancel a whole invoice: the page says what that means before it is done."""
    found = page_parts.standing(number)
    form = ReasonForm(request.POST or None)
    context: dict[str, Any] = {
        "invoice": found,
        "form": form,
        "crumbs": page_parts.crumbs(found),
        "credited_minor": credited_minor(found),
    }
    if request.method == "POST" and form.is_valid():
        try:
            document = actions.cancel_invoice(
                invoice=found, reason=form.cleaned_data["reason"], by=request.user
            )
        except actions.AlreadyCancelled:
            form.add_error(None, _("The invoice has credit notes; credit what is left of it instead."))
            return render(request, "dashboard/finance/cancel_invoice.html", context, status=409)
        except actions.GivenUp as error:
            form.add_error(None, str(error))
            return render(request, "dashboard/finance/cancel_invoice.html", context, status=409)
        facts = {"number": found.number, "document": document.number}
        messages.success(request, _("Invoice %(number)s was cancelled by %(document)s.") % facts)
        return redirect("finance:invoice", document.number)
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/cancel_invoice.html", context, status=status)


class _Rehearsal(Exception):
    """Carries what would have been issued out of the transaction that is rolled back."""

    def __init__(self, amounts: dict[str, Any]) -> None:
        self.amounts = amounts


def _rehearse(wanted: dict[str, Any]) -> dict[str, Any]:
    """What the credit note would say: the same code, rolled back."""
    try:
        with transaction.atomic():
            note = actions.credit_note(**wanted)
            claim = Invoice.objects.get(pk=note.corrects_id)
            raise _Rehearsal(
                {
                    "gross_minor": note.gross_minor,
                    "net_minor": note.net_minor,
                    "vat_minor": note.vat_minor,
                    "taxes": page_parts.taxes(note),
                    "lines": list(note.lines.all()),
                    "charges": note.charges,
                    "open_minor": claim.open_minor,
                    "owed_minor": max(0, type(note.account).objects.get(pk=note.account_id).available_minor),
                }
            )
    except _Rehearsal as rehearsal:
        return rehearsal.amounts


def _head() -> list[str]:
    return [
        _("Number"), _("Kind"), _("State"), _("Date"), _("Due"), _("Order"), _("Customer"), _("Net"), _("VAT"),
        _("Gross"), _("Open"), _("Currency"),
    ]  # fmt: skip


def _cells(found: Invoice) -> list[Any]:
    return [
        found.number, found.get_kind_display(), found.get_state_display() if found.is_claim else "",
        found.issued_on.isoformat(), found.due_on.isoformat() if found.is_claim else "", found.order_number,
        found.buyer.get("name", ""), CsvAmount(found.net_minor), CsvAmount(found.vat_minor),
        CsvAmount(found.gross_minor), CsvAmount(found.open_minor), found.currency,
    ]  # fmt: skip


urlpatterns = [
    path("open-items/", open_items, name="open-items"),
    path("invoices/", invoices, name="invoices"),
    path("invoices/<slug:number>/", invoice, name="invoice"),
    path("invoices/<slug:number>/pdf/", invoice_file, {"cut": "pdf"}, name="invoice-pdf"),
    path("invoices/<slug:number>/xml/", invoice_file, {"cut": "xml"}, name="invoice-xml"),
    path("invoices/<slug:number>/xrechnung/", xrechnung, name="invoice-xrechnung"),
    path("invoices/<slug:number>/credit-note/", credit_note, name="credit-note"),
    path("invoices/<slug:number>/cancel/", cancel, name="cancel-invoice"),
    *replace_page.urlpatterns,
    *merchant_page.urlpatterns,
]


def _overdue() -> int:
    return Invoice.objects.overdue(clock.today()).count()


NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Open items"),
        "finance:open-items",
        "invoicing.view_invoices",
        "clock",
        20,
        _overdue,
    ),
    NavEntry(
        "finance", gettext_lazy("Invoices"), "finance:invoices", "invoicing.view_invoices", "invoice", 30
    ),
    *merchant_page.NAV,
]
