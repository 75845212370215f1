"""Money that goes back by bank transfer: refunds, and what was never ours. Staff send it with the bank's own means and
note here that it was done.

A refund noted as sent is on its way ("transfers on their way") until the bank's line tells that it left. A shop whose
bank tells nothing by files records with the note that it left, so that the bank account is right in both."""

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
from checkout.payment.models import Refund
from fulfilment.finance.bank.models import BankAccount
from fulfilment.warehouse.lists import page_of
from shop.kernel.access import staff_view
from shop.kernel.clock import now, today
from shop.kernel.nav import NavEntry
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from .actions import explain_refund, record_disbursement
from .models import Disbursement, PayBack, Receipt

PAYBACKS_SHOWN = 200


def note_refund_sent(*, refund: Refund, reference: str, by: Any = None) -> bool:
    """A refund left our bank account by transfer (or was handed to the bank in a file). False when that was known.

    Without bank accounts that tell by files the money that left is recorded too, in the same transaction.
    """

    def work() -> bool:
        if not succeed(refund=refund, reference=reference, by=by):
            return False
        if not BankAccount.objects.filter(is_active=True).exists():
            explain_refund(disbursement=_left(refund, reference, by), refund=refund, by=by)
        return True

    return retrying(work)


def note_payback_sent(*, payback: PayBack, reference: str, by: Any = None) -> bool:
    """Money that was not ours left our bank account by transfer. False when that was known or it was called off."""

    def work() -> bool:
        payback.refresh_from_db()
        if payback.state != "requested":
            return False
        move(payback, to="sent", by=by, why="noted as sent", reference=reference.strip()[:80], sent_at=now())
        if not BankAccount.objects.filter(is_active=True).exists():
            explain_refund(disbursement=_left(payback, reference, by), payback=payback, by=by)
        return True

    try:
        return retrying(work)
    except StaleState:
        return False


def _left(thing: Refund | PayBack, reference: str, by: Any) -> Disbursement:
    kind = "refund" if isinstance(thing, Refund) else "payback"
    return record_disbursement(
        booked_on=today(),
        amount_minor=thing.amount_minor,
        currency=thing.currency,
        payee=getattr(thing, "payee", ""),
        reference=f"{reference.strip()[:56]} ({kind} {thing.pk})",
        by=by,
    )


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
    paybacks = PayBack.objects.filter(state="requested").select_related("receipt").order_by("pk")
    context = {"page": page, "rows": rows, "paybacks": list(paybacks[:PAYBACKS_SHOWN])}
    return render(request, "dashboard/finance/transfers.html", context)


@staff_view("reconciliation.record_receipts")
@require_http_methods(["GET", "POST"])
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


@staff_view("reconciliation.record_receipts")
@require_http_methods(["GET", "POST"])
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
    path("transfers/", transfers, name="transfers"),
    path("transfers/<int:pk>/sent/", note_sent, name="note-sent"),
    path("transfers/back/<row:pk>/sent/", note_back, name="note-back"),
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Refunds by transfer"),
        "finance:transfers",
        "reconciliation.view_receipts",
        "return",
        45,
        lambda: waiting().count() + PayBack.objects.filter(state="requested").count(),
    ),
]
