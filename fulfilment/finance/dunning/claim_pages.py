"""Pages of one claim: its statement by day, as PDF, and noting that costs and interest were paid."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import NotEnoughLeft
from shop.kernel.access import staff_view

from .access import RUN, VIEW
from .actions import CannotPay, open_claims, pay_claims
from .dossier import statement_pdf
from .forms import PaidClaimsForm, PlanForm
from .models import DunningClaim
from .notices import crumbs
from .statement import statement


@staff_view(VIEW, shows="invoice")
@require_safe
def claim_statement(request: HttpRequest, number: str) -> HttpResponse:
    """Principal, interest by half-year, costs and payments of one invoice, day by day; ``?format=pdf`` as paper."""
    invoice = get_object_or_404(Invoice, number=number, kind="invoice")
    form = PlanForm(request.GET if "day" in request.GET else None, initial={"day": None})
    day = form.chosen()
    found = statement(invoice=invoice, until=day)
    if request.GET.get("format") == "pdf":
        response = HttpResponse(statement_pdf(found, invoice.language), content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="claim-{invoice.number}.pdf"'
        return response
    context = {
        "invoice": invoice,
        "statement": found,
        "form": PlanForm({"day": day.isoformat()}),
        "day": day,
        "crumbs": [
            {"title": _("Dunning"), "url": reverse("finance:dunning")},
            {"title": invoice.number, "url": reverse("finance:invoice", args=[invoice.number])},
            {"title": _("Statement of claim"), "url": ""},
        ],
    }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "dashboard/finance/dunning/statement.html", context, status=status)


@staff_view(RUN, shows="invoice")
@require_http_methods(["GET", "HEAD", "POST"])
def claims_paid(request: HttpRequest, number: str) -> HttpResponse:
    """A bank receipt paid costs or interest of this invoice."""
    invoice = get_object_or_404(Invoice, number=number, kind="invoice")
    claims = list(open_claims(invoice))
    interest = sum(one.amount_minor - one.paid_minor for one in claims if one.kind == DunningClaim.INTEREST)
    costs = sum(one.amount_minor - one.paid_minor for one in claims) - interest
    form = PaidClaimsForm(
        request.POST or None,
        initial={"costs_minor": CsvAmount(costs), "interest_minor": CsvAmount(interest)},
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            pay_claims(
                receipt=said["receipt"],
                invoice=invoice,
                costs_minor=said["costs_minor"] or 0,
                interest_minor=said["interest_minor"] or 0,
                by=request.user,
            )
        except CannotPay as refused:
            form.add_error(None, str(refused))
        except NotEnoughLeft:
            form.add_error("receipt", _("Not that much is left of this receipt."))
        else:
            messages.success(request, _("Booked as income; the claims are paid."))
            return redirect("finance:claim-statement", number)
    context = {
        "invoice": invoice,
        "form": form,
        "costs_minor": costs,
        "interest_minor": interest,
        "crumbs": crumbs(_("Letters"), invoice.number),
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/claims_paid.html", context, status=status)


urlpatterns = [
    path("dunning/claim/<slug:number>/", claim_statement, name="claim-statement"),
    path("dunning/claim/<slug:number>/paid/", claims_paid, name="claims-paid"),
]
