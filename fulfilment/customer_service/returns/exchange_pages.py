"""Staff page: another size for a customer, with its consequences before and its result after."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from checkout.order.models import Order
from shop.kernel.access import staff_view
from shop.ui.numbers import money_text

from . import exchange
from .exchange_form import ExchangeForm, seen_minor
from .models import Exchange

HANDLE = "cases.handle_cases"


@staff_view(HANDLE, shows="order")
@require_http_methods(["GET", "HEAD", "POST"])
def order_exchange(request: HttpRequest, number: str) -> HttpResponse:
    """``step=show`` says what it means, ``step=do`` does it; for staff also after the time of the customer."""
    order = get_object_or_404(Order.objects.select_related("user"), number=number)
    token = request.POST.get("token", "")
    if request.POST.get("step") == "do" and (made := exchange.made_by(order, token)) is not None:
        return _done(request, made)  # a second click: the first one did it
    problem = exchange.refusal(order, by_staff=True)
    form = ExchangeForm(request.POST or None, order=order, options=[] if problem else exchange.options(order))
    seen = None
    status = 409 if problem and request.method == "POST" else 200
    if request.method == "POST" and not problem:
        if not form.is_valid():
            status = 422
        elif request.POST.get("step") != "do" or not 20 <= len(token) <= exchange.KEY_MAX:
            seen, token = form.seen(), secrets.token_urlsafe(24)
        else:
            try:
                made = exchange.exchange(
                    order=order,
                    wanted=form.wanted(),
                    key=token,
                    by=request.user,
                    by_staff=True,
                    seen_minor=seen_minor(request.POST),
                    seen_more_minor=seen_minor(request.POST, "more"),
                )
            except exchange.NotExchanged as words:
                problem, status = str(words), 409
            else:
                return _done(request, made)
    context = {
        "order": order,
        "form": form,
        "problem": problem,
        "seen": seen,
        "back_minor": sum(one["back_minor"] for one in seen or []),
        "more_minor": sum(one["more_minor"] for one in seen or []),
        "carried": [(name, form.data.get(name, "")) for name in form.fields] if seen else [],
        "token": token,
        "crumbs": [
            {"title": order.number, "url": reverse("dashboard:order", args=[order.number])},
            {"title": _("Exchange for another size"), "url": ""},
        ],
    }
    return render(request, "dashboard/service/exchange.html", context, status=status)


def _done(request: HttpRequest, made: Exchange) -> HttpResponse:
    words = {"made": made.made.number, "returning": made.returning.number}
    if made.more_minor:
        said = _(
            "Order %(made)s waits for %(more)s; the customer gets a link to pay. Then it is kept on hold until return "
            "%(returning)s is here."
        ) % (words | {"more": money_text(made.more_minor, made.order.currency)})
    else:
        said = _("Order %(made)s is kept on hold until return %(returning)s is here.") % words
    messages.success(request, said)
    return redirect("dashboard:order", made.made.number)


urlpatterns = [path("orders/<slug:number>/exchange/", order_exchange, name="exchange")]
