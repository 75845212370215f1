"""Pages on which staff note that money went back by the bank's own means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from checkout.payment.models import Refund
from shop.kernel.access import staff_view

from .models import PayBack
from .transfers import note_payback_sent, note_refund_sent


class SentForm(forms.Form):
    """Under which reference the bank took the transfer."""

    reference = forms.CharField(
        label=gettext_lazy("Reference of the transfer"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def waiting() -> Any:
    """Refunds by transfer that nobody has sent, oldest first."""
    return Refund.objects.to_transfer().select_related("payment__order__billing_address").order_by("pk")


@staff_view("reconciliation.record_receipts", shows="refund")
@require_http_methods(["GET", "HEAD", "POST"])
def note_sent(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a refund left our bank account; that is when the books and the customer learn of it."""
    if pk >= 2**63:
        raise Http404
    refund = get_object_or_404(waiting(), pk=pk)
    form = SentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if note_refund_sent(refund=refund, reference=form.cleaned_data["reference"], by=request.user):
            messages.success(request, _("The refund is noted as sent; the customer is told by mail."))
        return redirect("finance:transfers")
    context = {"refund": refund, "form": form}
    return render(request, "dashboard/finance/note_sent.html", context, status=400 if form.is_bound else 200)


@staff_view("reconciliation.record_receipts", shows="payback")
@require_http_methods(["GET", "HEAD", "POST"])
def note_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that money which was not ours has left our bank account."""
    payback = get_object_or_404(PayBack.objects.select_related("receipt"), pk=pk, state="requested")
    form = SentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if note_payback_sent(payback=payback, reference=form.cleaned_data["reference"], by=request.user):
            messages.success(request, _("The transfer is noted as sent."))
        return redirect("finance:transfers")
    context = {"payback": payback, "form": form}
    return render(request, "dashboard/finance/note_back.html", context, status=400 if form.is_bound else 200)


urlpatterns = [
    path("transfers/<int:pk>/sent/", note_sent, name="note-sent"),
    path("transfers/back/<row:pk>/sent/", note_back, name="note-back"),
]
