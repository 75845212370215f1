"""Deleting one's account: what must be settled first, what goes, what stays and until when, and the way back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from catalogue.reviews import actions as reviews
from checkout.order.models import Order
from checkout.store_credit import actions as credit_actions
from checkout.store_credit import queries as store_credit
from fulfilment.customer_service.cases.access import cases_of
from fulfilment.customer_service.cases.states import OPEN_STATES as OPEN_CASES
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.states import OPEN_STATES as OPEN_WITHDRAWALS
from fulfilment.finance.invoicing.merchant import profile
from fulfilment.finance.invoicing.models import Invoice
from shop.customers import deletion, limits
from shop.customers.models import AccountDeletion, User
from shop.kernel.access import shopper_view
from shop.kernel.transactions import retrying
from shop.kernel.tries import give_back, refusal, take
from shop.ui.numbers import money_text

UNFINISHED = ("awaiting_payment", "confirmed", "in_fulfilment")
KEPT_YEARS = 8  #: § 147 (3) AO, § 14b (1) UStG: invoices and vouchers, from the end of their year on
NAMED_MAX = 20  #: things that are named on the page


@dataclass(frozen=True)
class Hindrance:
    """Something that must be settled before; ``url`` leads to it."""

    text: str
    url: str


def hindrances(person: Any) -> list[Hindrance]:
    """What is not finished: orders, invoices, requests, withdrawals, store credit. Five queries, six with credit."""
    orders = Order.objects.filter(user=person, status__in=UNFINISHED).order_by("pk")[:NAMED_MAX]
    invoices = Invoice.objects.open().filter(user=person).order_by("pk")[:NAMED_MAX]
    cases = cases_of(person).filter(state__in=OPEN_CASES).order_by("pk")[:NAMED_MAX]
    withdrawals = Withdrawal.objects.filter(order__user=person, state__in=OPEN_WITHDRAWALS).order_by("pk")
    found = [
        Hindrance(
            _("Order %(number)s is not finished yet.") % {"number": order.number},
            reverse("account:order", args=[order.number]),
        )
        for order in orders
    ]
    found += [
        Hindrance(
            _("Invoice %(number)s is still open.") % {"number": invoice.number}, reverse("account:invoices")
        )
        for invoice in invoices
    ]
    found += [
        Hindrance(
            _("Request %(number)s is still open.") % {"number": case.number}, reverse("account:requests")
        )
        for case in cases
    ]
    found += [
        Hindrance(
            _left_words(money_text(one.balance_minor, one.currency)),
            reverse("account:credit"),
        )
        for one in store_credit.accounts_of(person)
        if one.balance_minor
    ]
    found += [
        Hindrance(
            _("Withdrawal %(number)s is not settled yet.") % {"number": one.number},
            reverse("account:requests"),
        )
        for one in withdrawals[:NAMED_MAX]
    ]
    return found


def _left_words(amount: str) -> str:
    """Nothing pays store credit out by a click: who cannot use it writes to people."""
    email = profile().email
    if not email:
        return _("There is store credit of %(amount)s. Please use it first, or write to us about it.") % {
            "amount": amount
        }
    return _("There is store credit of %(amount)s. Please use it first, or write about it to %(email)s.") % {
        "amount": amount,
        "email": email,
    }


def kept_until(person: Any) -> dt.date | None:
    """Until when the tax law makes us keep the person's invoices; None without any. One query."""
    last = (
        Invoice.objects.filter(user=person).order_by("-issued_on").values_list("issued_on", flat=True).first()
    )
    return dt.date(last.year + KEPT_YEARS, 12, 31) if last else None


def carry_out(wish: AccountDeletion) -> bool:
    """Delete the account; its orders become those of a guest, who keeps every right by order number and e-mail address,
    and what is published of its reviews nobody's.

    False when the wish was taken back in this moment, or store credit has come since ``hindrances`` was asked.
    """

    def work() -> bool:
        if not credit_actions.is_empty_and_held(user_id=wish.user_id):
            return False
        email = User.objects.values_list("email", flat=True).get(pk=wish.user_id)
        if not deletion.carry_out(wish=wish):
            return False
        Order.objects.filter(user_id=wish.user_id).update(user=None, guest_email=email)
        merged = User.objects.filter(merged_into=wish.user_id).values_list("pk", flat=True)
        reviews.forget_authors(user_ids=[wish.user_id, *merged])
        return True

    return retrying(work)


class DeletionForm(forms.Form):
    """The last question: a tick, and the password where there is one."""

    sure = forms.BooleanField(label=gettext_lazy("I have read what goes and what stays, and want this."))
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        max_length=200,
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person
        if not person.has_usable_password():
            del self.fields["password"]

    def clean_password(self) -> str:
        """It must be the person's."""
        password = str(self.cleaned_data["password"])
        if not self._person.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """What it means, the last question, and afterwards until when it can be taken back."""
    person = User.objects.get(pk=request.user.pk)
    wish = deletion.open_wish(person)
    open_ones = [] if wish else hindrances(person)
    form = DeletionForm(request.POST if request.method == "POST" and not open_ones else None, person=person)
    status = 200
    if request.method == "POST" and wish is None:
        if person.is_staff:
            messages.error(request, _("Accounts of staff are closed by the office."))
            return redirect("account:delete")
        # Whoever sits at a session that was left open may not guess the password here either.
        guessed = not open_ones and "password" in form.fields and request.POST.get("password")
        counted = limits.of_sign_in(request, person.email) if guessed else []
        wait = take(counted)
        if wait:
            return refusal(request, wait)
        is_meant = not open_ones and form.is_valid()
        if "password" not in form.errors:
            give_back(counted)
        if is_meant:
            deletion.ask(person=person, by=person)
            return redirect("account:delete")
        status = 409 if open_ones else 422
    context = {
        "wish": wish,
        "hindrances": open_ones,
        "form": form,
        "kept_until": kept_until(person),
        "days": deletion.GRACE.days,
        "confirmed": EmailAddress.objects.filter(user=person, verified=True).exists(),
    }
    return render(request, "account/delete.html", context, status=status)


@shopper_view
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """The account stays after all."""
    if deletion.take_back(person=User.objects.get(pk=request.user.pk)):
        messages.success(request, _("Your account stays. Nothing was deleted."))
    else:
        messages.info(request, _("There was nothing to take back."))
    return redirect("account:overview")
