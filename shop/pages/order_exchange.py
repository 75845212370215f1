"""Another size for what was sent: choose, see what it means, confirm; for who may see the order."""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from checkout.order import access
from checkout.order.models import Order
from checkout.payment.models import CARD
from fulfilment.customer_service.returns import exchange
from fulfilment.customer_service.returns.exchange_form import ExchangeForm, seen_minor
from fulfilment.customer_service.returns.models import Exchange
from shop.kernel.access import public

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,40}")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order_exchange(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows what can be exchanged; POST ``step=show`` says what it means, ``step=do`` does it."""
    order = Order.objects.filter(number=number).select_related("user", "shipping_address").first()
    if order is None or not access.may_see(request, order):
        raise Http404
    token = request.POST.get("token", "")
    if request.POST.get("step") == "do" and (made := exchange.made_by(order, token)) is not None:
        return _done(request, order, made)  # a second click: the first one did it
    problem = exchange.refusal(order)
    options = [] if problem else exchange.options(order)
    form = ExchangeForm(request.POST or None, order=order, options=options)
    if request.method != "POST" or problem:
        return _page(request, order, form, problem=problem, status=409 if request.method == "POST" else 200)
    if not form.is_valid():
        return _page(request, order, form, status=422)
    if request.POST.get("step") != "do" or not TOKEN.fullmatch(token):
        return _page(request, order, form, seen=form.seen(), token=secrets.token_urlsafe(24))
    try:
        made = exchange.exchange(
            order=order,
            wanted=form.wanted(),
            key=token,
            by=request.user if request.user.is_authenticated else None,
            seen_minor=seen_minor(request.POST),
            seen_more_minor=seen_minor(request.POST, "more"),
        )
    except exchange.NotExchanged as words:
        return _page(request, order, form, problem=str(words), status=409)
    return _done(request, order, made)


def _done(request: HttpRequest, order: Order, made: Exchange) -> HttpResponse:
    if made.made.status == "awaiting_payment":
        access.grant(request, made.made)
        card = made.made.payment_method == CARD
        return redirect("checkout:pay" if card else "orders:detail", number=made.made.number)
    messages.success(
        request,
        _("We keep the new size for you until %(day)s. Please send the old one back.")
        % {"day": exchange.waits_until(made).strftime("%d.%m.%Y")},
    )
    return redirect(f"{reverse('orders:detail', args=[order.number])}#returns")


def _page(
    request: HttpRequest,
    order: Order,
    form: ExchangeForm,
    *,
    problem: str = "",
    seen: list[dict[str, Any]] | None = None,
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "order": order,
        "form": form,
        "problem": problem,
        "seen": seen,
        "back_minor": sum(one["back_minor"] for one in seen or []),
        "more_minor": sum(one["more_minor"] for one in seen or []),
        "carried": [(name, form.data.get(name, "")) for name in form.fields] if seen else [],
        "token": token,
    }
    return render(request, "storefront/order/exchange.html", context, status=status)
