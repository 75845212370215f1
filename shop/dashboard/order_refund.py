"""Giving money of an order back from its page: what may go back, what it means, and a second person above a limit."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from checkout.payment import approval
from checkout.payment.actions.refunds import RefundTooLarge, refundable_minor
from checkout.payment.models import CARD, CREDIT, Payment
from fulfilment.finance.amounts import AmountField
from shop.approvals.actions import limit_minor
from shop.kernel.access import staff_view
from shop.ui.numbers import money_text

from .approvals import asked_text
from .order_money import REFUND, free_minor, payment_of
from .order_page import _crumbs, find


class RefundForm(forms.Form):
    """How much goes back, and why."""

    amount = AmountField(label=gettext_lazy("Amount"))
    reason_code = forms.ChoiceField(label=gettext_lazy("Kind of reason"), choices=approval.REASONS)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Stands in the order's history."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    as_credit = forms.BooleanField(
        label=gettext_lazy("The customer expressly wants it as store credit"),
        help_text=gettext_lazy(
            "Otherwise it goes back the way it was paid, as the law has it (§ 357 (3) BGB)."
        ),
        required=False,
    )
    token = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput)


@staff_view(REFUND, shows="order")
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, number: str) -> HttpResponse:
    """Says what may go back and what will happen, asks for amount and reason, and does it or asks for approval."""
    found = find(number)
    payment = payment_of(found)
    left = refundable_minor(payment) if payment else 0
    free = free_minor(found)
    suggested = min(left, free) if free > 0 else 0
    form = RefundForm(
        request.POST or None,
        initial={"token": uuid.uuid4(), "seen": left, "reason_code": "credit" if suggested else "goodwill"},
    )
    problem = ""
    if request.method == "POST" and payment is not None and form.is_valid():
        problem = _give_back(request, payment, form.cleaned_data)
        if not problem:
            return redirect("dashboard:order", number)
        left = refundable_minor(payment)
        form = RefundForm(None, initial={**form.cleaned_data, "amount": None, "seen": left})
    sent = approval.sent_by_staff_minor(found)
    requests = approval.requests_of(found, [payment] if payment else [])
    context = {
        "order": found,
        "payment": payment,
        "by_credit": payment is not None and payment.method == CREDIT,
        "by_card": payment is not None and payment.method == CARD,
        "left_minor": left,
        "free_minor": free,
        "suggested_minor": suggested,
        "alone_minor": max(0, limit_minor(kind_name=approval.KIND, by=request.user) - sent),
        "sent_minor": sent,
        "waiting": next((row for row in requests if row.state == "waiting"), None),
        "declined": requests[0] if requests and requests[0].state == "declined" else None,
        "form": form,
        "problem": problem,
        "crumbs": _crumbs(found, _("Give money back")),
    }
    status = 409 if problem else 400 if request.method == "POST" else 200
    return render(request, "dashboard/orders/refund.html", context, status=status)


def _give_back(request: HttpRequest, payment: Payment, data: dict[str, Any]) -> str:
    """Do it or ask for approval; returns what stood against it, "" when done."""
    try:
        asked = approval.give_back(
            payment=payment,
            amount_minor=data["amount"],
            seen_minor=data["seen"],
            token=str(data["token"]),
            reason_code=data["reason_code"],
            reason=data["reason"],
            as_credit=data["as_credit"],
            by=request.user,
        )
    except RefundTooLarge as error:
        left = {"left": money_text(error.left_minor, payment.currency)}
        return _("At most %(left)s are left to give back.") % left
    except ValueError as error:  # Changed, or no reason: said for people
        return str(error)
    if asked.approval is not None:
        messages.warning(request, asked_text(asked.approval, is_new=asked.is_new))
    else:
        amount = {"amount": money_text(asked.refunds[0].amount_minor, payment.currency)}
        messages.success(
            request, _("%(amount)s are on their way back; the customer is told by mail.") % amount
        )
    return ""


urlpatterns = [path("orders/<slug:number>/refund/", refund, name="order-refund")]
