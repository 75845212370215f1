"""The account's requests: what a person wrote to us about and declared, and how each stands."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fulfilment.customer_service.cases.access import cases_of, token
from fulfilment.customer_service.cases.models import Case, Message
from fulfilment.customer_service.cases.states import CLOSED, OPEN_STATES
from fulfilment.customer_service.withdrawals.models import Withdrawal
from shop.kernel.access import shopper_view

from . import help_words

PER_PAGE = 20
WITHDRAWALS_MAX = 20  #: the latest ones; further ones stand on the pages of their orders
OPEN, DONE = "open", "closed"


class RequestSearch(forms.Form):
    """Filters of the list; they stay in the address."""

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=40)
    state = forms.ChoiceField(
        label=gettext_lazy("Which"),
        required=False,
        choices=[("", gettext_lazy("all")), (OPEN, gettext_lazy("open")), (DONE, gettext_lazy("closed"))],
    )


@shopper_view
@never_cache
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """Requests of the person, the newest first, and the declarations of withdrawal. At most six queries."""
    form = RequestSearch(request.GET)
    found = search(form, request.user) if form.is_valid() else Case.objects.none()
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        (case, reverse("help-case", args=[token(case)]), help_words.standing(case))
        for case in page.object_list
    ]
    context = {
        "form": form,
        "page_obj": page,
        "rows": rows,
        "withdrawals": [(one, stands(one)) for one in _withdrawals(request.user)],
        "filtered": bool(request.GET.get("q") or request.GET.get("state")),
    }
    return render(request, "account/requests.html", context, status=200 if form.is_valid() else 400)


def search(form: RequestSearch, person: Any) -> QuerySet[Case]:
    """The person's own cases that fit the filters: a number of a case or order, or words of what it is about."""
    found = cases_of(person).select_related("order").order_by("-opened_at", "-pk")
    words, state = form.cleaned_data["q"].strip(), form.cleaned_data["state"]
    if words:
        own = Message.objects.filter(case=OuterRef("pk"), body__icontains=words).exclude(side=Message.NOTE)
        found = found.filter(
            Q(number__istartswith=words) | Q(order__number__istartswith=words) | Q(Exists(own))
        )
    if state:
        found = found.filter(state__in=OPEN_STATES if state == OPEN else (CLOSED,))
    return found


def _withdrawals(person: Any) -> list[Withdrawal]:
    rows = (
        Withdrawal.objects.filter(order__user=person).select_related("order").order_by("-received_at", "-pk")
    )
    return list(rows[:WITHDRAWALS_MAX])


def stands(withdrawal: Withdrawal) -> str:
    """How a withdrawal stands, said to the customer."""
    if not withdrawal.is_open:
        return _("It is settled.")
    if withdrawal.goods_back_at:
        return _("The goods are back with us; your money follows.")
    return _("We have received it and see to it.")
