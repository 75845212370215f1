"""Pages of holds: no letters for an invoice or a customer until a day."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.lists import page_of
from shop.kernel import clock
from shop.kernel.access import staff_view

from .access import RUN, VIEW
from .actions import hold_customer, hold_invoice, lift_hold
from .forms import HoldForm
from .models import DunningHold
from .notices import crumbs


@staff_view(VIEW, shows="list")
@require_safe
def holds(request: HttpRequest) -> HttpResponse:
    """Holds in force, the one that ends first on top."""
    found = DunningHold.active(clock.today()).select_related("invoice", "user", "by").order_by("until", "pk")
    context = {"page": page_of(request, found), "crumbs": crumbs(_("Holds"))}
    return render(request, "dashboard/finance/dunning/holds.html", context)


@staff_view(RUN, shows="invoice")
@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest, number: str, whom: str) -> HttpResponse:
    """No letters for this invoice (``whom`` invoice) or for its customer (customer) until a day."""
    invoice = Invoice.objects.select_related("user").filter(number=number, kind="invoice").first()
    if invoice is None or (whom == "customer" and invoice.user is None):
        raise Http404(number)
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said: dict[str, Any] = {**form.cleaned_data, "by": request.user}
        if whom == "customer":
            hold_customer(user=invoice.user, **said)
        else:
            hold_invoice(invoice=invoice, **said)
        messages.success(request, _("Held; no letter goes out until that day."))
        return redirect("finance:dunning-holds")
    context = {
        "invoice": invoice,
        "whom": whom,
        "form": form,
        "crumbs": crumbs(_("Holds"), invoice.number),
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/finance/dunning/hold.html", context, status=status)


@staff_view(RUN)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """The hold ends now."""
    lift_hold(hold=get_object_or_404(DunningHold, pk=pk), by=request.user)
    messages.success(request, _("The hold is lifted; the next letter goes out when it is due."))
    return redirect("finance:dunning-holds")


urlpatterns = [
    path("dunning/holds/", holds, name="dunning-holds"),
    path("dunning/holds/<row:pk>/lift/", lift, name="dunning-lift"),
    path("dunning/hold/<slug:number>/", hold, {"whom": "invoice"}, name="dunning-hold"),
    path("dunning/hold/<slug:number>/customer/", hold, {"whom": "customer"}, name="dunning-hold-customer"),
]
