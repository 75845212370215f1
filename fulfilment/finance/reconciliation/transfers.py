"""Refunds that go back by bank transfer: staff send them with the bank's own means and note here that it was done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from checkout.payment.actions.refunds import succeed
from checkout.payment.models import CARD, Refund
from fulfilment.warehouse.lists import page_of
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from .models import Receipt


class SentForm(forms.Form):
    """Under which reference the bank took the transfer."""

    reference = forms.CharField(
        label=gettext_lazy("Reference of the transfer"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def waiting() -> Any:
    """Refunds by transfer that nobody has sent, oldest first."""
    open_ones = Refund.objects.filter(state="requested").exclude(payment__method=CARD)
    return open_ones.select_related("payment__order__billing_address").order_by("pk")


@staff_view("reconciliation.view_receipts")
@require_GET
def transfers(request: HttpRequest) -> HttpResponse:
    """What is to be sent back by transfer, with the account it came from where a receipt told it."""
    page = page_of(request, waiting())
    orders = [refund.payment.order_id for refund in page.object_list]
    told = Receipt.objects.filter(assignments__account__order_id__in=orders, assignments__undone_at=None)
    payers = {order: (payer, iban) for order, payer, iban in told.values_list(
        "assignments__account__order_id", "payer", "payer_iban"
    )}  # fmt: skip
    rows = [
        {"refund": refund, "payer": payers.get(refund.payment.order_id, ("", ""))}
        for refund in page.object_list
    ]
    return render(request, "dashboard/finance/transfers.html", {"page": page, "rows": rows})


@staff_view("reconciliation.record_receipts")
@require_http_methods(["GET", "POST"])
def note_sent(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a refund left our bank account; that is when the books and the customer learn of it."""
    if pk >= 2**63:
        raise Http404
    refund = get_object_or_404(waiting(), pk=pk)
    form = SentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if succeed(refund=refund, reference=form.cleaned_data["reference"], by=request.user):
            messages.success(request, _("The refund is noted as sent; the customer is told by mail."))
        return redirect("finance:transfers")
    context = {"refund": refund, "form": form}
    return render(request, "dashboard/finance/note_sent.html", context, status=400 if form.is_bound else 200)


urlpatterns = [
    path("transfers/", transfers, name="transfers"),
    path("transfers/<int:pk>/sent/", note_sent, name="note-sent"),
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Refunds by transfer"),
        "finance:transfers",
        "reconciliation.view_receipts",
        "return",
        45,
        lambda: waiting().count(),
    ),
]
