"""The list of customers, and whether one may buy on account. The file of one is ``customer_file.py``."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from fulfilment.finance.forms import ReasonForm
from fulfilment.warehouse.lists import Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.customers.models import User
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from .customer_credit import CREDIT, set_purchase_on_account
from .customer_file import VIEW, file_page

SORT = {"name": "last_name", "email": "email", "since": "date_joined", "orders": "many", "last": "latest"}
WORDS_MAX = 6


class CustomerSearch(Search):
    """Filters of the list."""

    account = forms.ChoiceField(
        label=gettext_lazy("Purchase on account"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            ("released", gettext_lazy("released")),
            ("blocked", gettext_lazy("blocked")),
        ],
    )


@staff_view(VIEW, shows="list")
@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    """Customers with an account."""
    form = CustomerSearch(request.GET)
    found = sorted_by(request, search(form), SORT, ["-date_joined", "-pk"])
    if wants_csv(request):
        head = [_("E-mail"), _("First name"), _("Last name"), _("Orders")]
        return csv_file("customers", head, ([u.email, u.first_name, u.last_name, u.many] for u in found))
    context = {"form": form, "page": page_of(request, found), "csv_url": csv_url(request)}
    return render(request, "dashboard/orders/customers.html", context, status=form.status)


def search(form: CustomerSearch) -> QuerySet[Any]:
    """Customers by words in name and address, with ``many`` orders and the ``latest``."""
    found: QuerySet[Any] = User.objects.filter(is_staff=False).select_related("credit")
    for word in form.value("q").split()[:WORDS_MAX]:
        found = found.filter(
            Q(email__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(phone__icontains=word)
        )
    if form.value("account"):
        found = found.filter(**{f"credit__{form.value('account')}": True})
    return found.annotate(many=Count("orders"), latest=Max("orders__date_placed"))


@staff_view(CREDIT, shows="customer")
@require_POST
def credit(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Release or block purchase on account, with a reason; lifting a block or a release needs one too."""
    person = get_object_or_404(User, pk=pk, is_staff=False)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return file_page(request, pk, status=400, form=form)
    why = form.cleaned_data["reason"]
    set_purchase_on_account(person=person, verb=verb, why=why, by=request.user)
    messages.success(request, _said(verb) % {"name": person.name})
    return redirect("dashboard:customer", pk)


def _said(verb: str) -> str:
    return {
        "release": _("%(name)s may buy on account from now on."),
        "withdraw": _("%(name)s needs a paid order first, as everybody."),
        "block": _("%(name)s cannot buy on account any more."),
        "unblock": _("The block of %(name)s is lifted."),
    }[verb]


urlpatterns = [
    path("customers/", customers, name="customers"),
    *[
        path(f"customers/<row:pk>/{verb}/", credit, {"verb": verb}, name=f"customer-{verb}")
        for verb in ("release", "withdraw", "block", "unblock")
    ],
]
NAV = [NavEntry("orders", gettext_lazy("Customers"), "dashboard:customers", VIEW, "users", 20)]
