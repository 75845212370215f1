"""Paying by card: the page with Stripe's fields, and the way back. Card data never reaches our server."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from checkout.order import access
from checkout.order.models import Order
from checkout.payment import rules
from checkout.payment.actions import (
    change_method,
    credit_kept_minor,
    may_wait,
    settle,
    start_card_payment,
    wait_longer,
)
from checkout.payment.models import CARD, OPEN_STATES, PREPAYMENT, Payment
from checkout.payment.stripe_client import Intent, ProviderDown, ProviderRefused
from shop.kernel.access import public
from shop.kernel.clock import today
from shop.kernel.states import StateError
from shop.ui.times import short_datetime, short_time

log = logging.getLogger(__name__)

#: Only this page may load Stripe's script and frames.
STRIPE_POLICY = {
    "script-src": settings.STRIPE_CSP_SOURCES,
    "frame-src": settings.STRIPE_CSP_SOURCES,
    "connect-src": settings.STRIPE_CSP_SOURCES,
    "form-action": settings.STRIPE_CSP_SOURCES,
}


def own_order(request: HttpRequest, number: str) -> Order:
    """The order, if this visitor may see it; else 404, the same as for one that does not exist."""
    order = Order.objects.filter(number=number).first()
    if order is None or not access.may_see(request, order):
        raise Http404
    if order.user_id is not None and order.user_id == request.user.pk:
        order.user = request.user
    return order


def _open_payment(order: Order) -> Payment | None:
    found = Payment.objects.of_order(order).filter(state__in=OPEN_STATES).first()
    if found is not None:
        found.order = order
    return found


@public
@never_cache
@require_safe
@csp_update(STRIPE_POLICY)  # type: ignore[arg-type]  # its hints know no view with arguments
def pay(request: HttpRequest, number: str) -> HttpResponse:
    """The card page of an order that waits for its money."""
    order = own_order(request, number)
    payment = _open_payment(order)
    wanted = payment is not None and (order.status == "awaiting_payment" or payment.supplement)
    if payment is None or not wanted or payment.method != CARD:
        return redirect("orders:detail", number=order.number)
    intent, problem = _start(payment)
    if intent is not None and intent.status == "processing":
        messages.info(request, _("We are still waiting for your bank's answer and will write to you."))
        return redirect("orders:detail", number=order.number)
    if intent is not None and intent.status in ("succeeded", "requires_capture", "canceled"):
        return redirect("checkout:return", number=order.number)
    if request.GET.get("back") and intent is not None and not payment.failure_text:
        messages.warning(
            request, _("The payment was not completed. You can try again or choose another way to pay.")
        )
    context: dict[str, Any] = {
        "order": order,
        "payment": payment,
        "problem": problem,
        "declined": payment.failure_text if intent else "",
        "declined_code": payment.failure_code,
        "client_secret": intent.client_secret if intent else "",
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
        "stripe_js": settings.STRIPE_JS_URL,
        "is_standin": settings.STRIPE_IS_STANDIN,
        "standin_page": f"{settings.STRIPE_STANDIN_URL}/pay/{intent.id}" if intent else "",
        "until": None if payment.supplement else payment.expires_at,
        "until_text": _moment(payment.expires_at),
        "may_wait": may_wait(payment),
        "locale": (get_language() or "de").split("-")[0],
        "return_url": request.build_absolute_uri(reverse("checkout:return", kwargs={"number": order.number})),
    }
    return render(request, "storefront/checkout/pay.html", context, status=503 if problem else 200)


def _start(payment: Payment) -> tuple[Intent | None, str]:
    try:
        return start_card_payment(payment=payment), ""
    except (ProviderDown, ProviderRefused) as error:
        log.error("payment %s cannot be started: %s", payment.pk, error)
        return None, _(
            "The payment could not be started. Your order is kept for 30 minutes; nothing was charged."
        )


@public
@never_cache
@require_safe
def paid(request: HttpRequest, number: str) -> HttpResponse:
    """The browser comes back from Stripe. What it says is not believed: Stripe is asked."""
    order = own_order(request, number)
    payment = Payment.objects.of_order(order).filter(method=CARD).order_by("-pk").first()
    if payment is None:
        return redirect("orders:detail", number=order.number)
    try:
        payment.order = order
        payment = settle(payment_id=payment.pk, read=payment)
    except (ProviderDown, ProviderRefused) as error:
        log.warning("payment %s: cannot be asked about: %s", payment.pk, error)
        messages.info(request, _("We are still waiting for your bank's answer and will write to you."))
        return redirect("orders:detail", number=order.number)
    if payment.state == "created" or (payment.state in OPEN_STATES and payment.failure_code):
        return redirect(f"{reverse('checkout:pay', kwargs={'number': order.number})}?back=yes")
    return redirect("orders:detail", number=order.number)


def _moment(at: dt.datetime | None) -> str:
    """The time of today, or day and time; empty for None."""
    if at is None:
        return ""
    return short_time(at) if timezone.localdate(at) == today() else short_datetime(at)


@public
@never_cache
@require_POST
def longer(request: HttpRequest, number: str) -> HttpResponse:
    """Keep the order for another while: nobody loses it for being slow (WCAG 2.2.1)."""
    order = own_order(request, number)
    payment = _open_payment(order)
    until = wait_longer(payment_id=payment.pk) if payment is not None else None
    if until is None:
        messages.info(request, _("This order cannot be kept any longer, or no longer waits for a payment."))
    else:
        messages.success(request, _("Your order is kept until %(at)s.") % {"at": _moment(until)})
    return redirect("checkout:pay", number=order.number)


@public
@never_cache
@require_POST
def pay_otherwise(request: HttpRequest, number: str) -> HttpResponse:
    """Pay this order in another way: prepayment instead of card, or the other way round."""
    order = own_order(request, number)
    method = request.POST.get("payment", "")
    if method not in (CARD, PREPAYMENT):
        messages.error(request, _("Please choose how you want to pay."))
        return redirect("orders:detail", number=order.number)
    offer = rules.check(method, _case(order))
    if not offer.allowed:
        messages.error(request, offer.reason)
        return redirect("orders:detail", number=order.number)
    try:
        payment = change_method(order=order, method=method)
    except (ProviderDown, ProviderRefused) as error:
        log.warning("order %s: the way to pay cannot be changed: %s", order.number, error)
        messages.error(request, _("That cannot be changed right now. Please try again in a minute."))
        return redirect("orders:detail", number=order.number)
    except (ValueError, StateError):
        messages.info(request, _("This order no longer waits for a payment."))
        return redirect("orders:detail", number=order.number)
    target = "checkout:pay" if payment.method == CARD and payment.state in OPEN_STATES else "orders:detail"
    return redirect(target, number=order.number)


def _case(order: Order) -> rules.Case:
    """What the payment rules look at, from the order itself."""
    billing, shipping = order.billing_address, order.shipping_address
    country = billing.country_id if billing else settings.KONTOR_HOME_COUNTRY
    return rules.Case(
        total_minor=order.total_minor,
        credit_minor=credit_kept_minor(order),
        billing_country=country,
        delivery_country=shipping.country_id if shipping else order.vat_country,
        user=order.user,
        currency=order.currency,
    )
