"""The account: what a person ordered and was invoiced. Everything is looked up among the person's own."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from checkout.order.models import Order
from checkout.store_credit import queries as store_credit
from fulfilment.finance.invoicing.models import Invoice
from shop.customers.deletion import open_wish
from shop.kernel.access import shopper_view

PER_PAGE = 20
LATEST = 3


@shopper_view
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The latest orders, what is still to be paid, and the ways to everything else."""
    person = request.user
    context = {
        "deletion": open_wish(person),
        "orders": list(_orders(person)[:LATEST]),
        "open_invoices": list(Invoice.objects.open().filter(user=person).order_by("due_on")[:LATEST]),
        "credit_minor": store_credit.balance_minor(person),
        "addresses": list(person.addresses.select_related("country")[:LATEST]),  # type: ignore[union-attr]
    }
    return render(request, "account/overview.html", context)


@shopper_view
@never_cache
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """All orders of the person, the newest first."""
    page = Paginator(_orders(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "account/orders.html", {"page_obj": page})


@shopper_view
@never_cache
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """The page of one order; 404 for somebody else's, also where a link from a mail would open it."""
    if not Order.objects.filter(user=request.user, number=number).exists():
        raise Http404
    return redirect("orders:detail", number=number)


@shopper_view
@never_cache
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """All invoices and credit notes of the person, the newest first."""
    rows = Invoice.objects.filter(user=request.user).order_by("-issued_on", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "account/invoices.html", {"page_obj": page})


@shopper_view
@never_cache
@require_safe
def credit(request: HttpRequest) -> HttpResponse:
    """The store credit of the person, with every movement, the newest first."""
    page = Paginator(store_credit.movements_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "accounts": store_credit.accounts_of(request.user),
        "kept_until": store_credit.kept_until(),
    }
    return render(request, "account/credit.html", context)


def _orders(person: Any) -> Any:
    return Order.objects.filter(user=person).order_by("-date_placed", "-pk")
