"""What a customer sees behind the payment link: what is open, how to pay it, and saying when one will.

The signed link is the key: without one that is valid every address here is a 404, the same as for one that never was.
"""

from __future__ import annotations

import logging
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from stdnum import iban as iban_rules

from checkout.pay_views import STRIPE_POLICY
from checkout.payment.actions import NoCardNow, settle, start_card_payment
from checkout.payment.models import CARD, OPEN_STATES, Payment
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.finance.amounts import CsvAmount
from fulfilment.finance.invoicing import epc_qr
from shop.kernel.access import public

from .actions import CannotPromise, card_payment, promise
from .forms import CustomerPromiseForm
from .links import notice_of
from .models import DunningClaim, DunningNotice

log = logging.getLogger(__name__)
app_name = "dunning-pay"


def _notice(token: str) -> DunningNotice:
    found = notice_of(token)
    if found is None:
        raise Http404
    return found


@public
@never_cache
@require_safe
def open_items(request: HttpRequest, token: str) -> HttpResponse:
    """What is still open of a letter today, and the ways to pay it."""
    return _page(request, token, _notice(token))


def _page(
    request: HttpRequest,
    token: str,
    notice: DunningNotice,
    form: CustomerPromiseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    owed = [one for one in _owed(notice) if one["total_minor"]]
    total = sum(one["total_minor"] for one in owed)
    payment = notice.facts["payment"]
    context = {
        "token": token,
        "notice": notice,
        "items": owed,
        "total_minor": total,
        "payment": payment,
        "iban": iban_rules.format(payment["iban"]),
        "qr_svg": _qr(payment, total, notice.currency),
        "promise": notice.promises.filter(state="open").first(),
        "form": form or CustomerPromiseForm(initial={"amount_minor": CsvAmount(total)}),
    }
    answer = render(request, "storefront/dunning/open.html", context, status=status)
    return _unlisted(answer)


def _owed(notice: DunningNotice) -> list[dict[str, Any]]:
    """Each invoice of a letter with what is open of it and of its interest and costs today. Two queries."""
    items = list(notice.items.select_related("invoice"))
    claims = dict.fromkeys((item.invoice_id for item in items), 0)
    for claim in DunningClaim.objects.filter(invoice__in=list(claims), waived_at=None):
        claims[claim.invoice_id] += claim.left_minor
    return [
        {
            "invoice": item.invoice,
            "claims_minor": claims[item.invoice_id],
            "total_minor": item.invoice.open_minor + claims[item.invoice_id],
        }
        for item in items
    ]


def _qr(payment: dict[str, str], amount_minor: int, currency: str) -> str:
    if currency != "EUR" or not 0 < amount_minor <= epc_qr.LARGEST_MINOR:
        return ""
    return epc_qr.svg(
        epc_qr.payload(
            name=payment["account_name"],
            iban=payment["iban"],
            bic=payment["bic"],
            amount_minor=amount_minor,
            reference=payment["reference"],
        )
    )


@public
@never_cache
@require_POST
def promise_to_pay(request: HttpRequest, token: str) -> HttpResponse:
    """The customer says when they will pay; letters wait until then."""
    notice = _notice(token)
    form = CustomerPromiseForm(request.POST)
    if not form.is_valid():
        return _page(request, token, notice, form, status=400)
    try:
        promise(notice=notice, by_customer=True, **form.cleaned_data)
    except CannotPromise as refused:
        form.add_error(None, str(refused))
        return _page(request, token, notice, form, status=400)
    messages.success(request, _("Thank you. We have noted it and will not write to you until then."))
    return redirect("dunning-pay:open", token)


@public
@never_cache
@require_POST
def start_card(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """Pay one invoice of the letter by card: all that is open of it now, with interest and costs."""
    notice = _notice(token)
    item = notice.items.select_related("invoice").filter(invoice__number=number).first()
    if item is None:
        raise Http404
    try:
        payment = card_payment(invoice=item.invoice)
    except NoCardNow as refused:
        messages.info(request, str(refused))
        return redirect("dunning-pay:open", token)
    except (ProviderDown, ProviderRefused) as error:
        log.warning("invoice %s cannot be paid by card: %s", number, error)
        messages.error(request, _("That does not work right now. Please try again in a minute."))
        return redirect("dunning-pay:open", token)
    return redirect("dunning-pay:card", token, payment.pk)


def _payment(notice: DunningNotice, pk: int) -> Payment:
    numbers = notice.items.values("invoice__number")
    found = (
        Payment.objects.filter(pk=pk, method=CARD, invoice_number__in=numbers).select_related("order").first()
    )
    if found is None:
        raise Http404
    return found


@public
@never_cache
@require_safe
@csp_update(STRIPE_POLICY)  # type: ignore[arg-type]  # its hints know no view with arguments
def card(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """The provider's card fields for one invoice."""
    payment = _payment(_notice(token), pk)
    if payment.state not in OPEN_STATES:
        return redirect("dunning-pay:open", token)
    try:
        intent = start_card_payment(payment=payment)
    except (ProviderDown, ProviderRefused) as error:
        log.error("payment %s cannot be started: %s", payment.pk, error)
        messages.error(request, _("The payment could not be started; nothing was charged."))
        return redirect("dunning-pay:open", token)
    back = reverse("dunning-pay:back", args=[token, payment.pk])
    if intent.status in ("succeeded", "processing", "canceled"):
        return redirect(back)
    context: dict[str, Any] = {
        "token": token,
        "order": payment.order,
        "payment": payment,
        "client_secret": intent.client_secret,
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
        "stripe_js": settings.STRIPE_JS_URL,
        "is_standin": settings.STRIPE_IS_STANDIN,
        "standin_page": f"{settings.STRIPE_STANDIN_URL}/pay/{intent.id}",
        "locale": (get_language() or "de").split("-")[0],
        "return_url": request.build_absolute_uri(back),
        "declined": payment.failure_text,
    }
    return _unlisted(render(request, "storefront/dunning/card.html", context))


@public
@never_cache
@require_safe
def back(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """The browser comes back from the provider, which is asked what became of it."""
    payment = _payment(_notice(token), pk)
    try:
        payment = settle(payment_id=payment.pk)
    except (ProviderDown, ProviderRefused) as error:
        log.warning("payment %s: cannot be asked about: %s", payment.pk, error)
    if payment.state == "captured":
        messages.success(request, _("Thank you, the payment has arrived."))
    elif payment.state in OPEN_STATES and payment.failure_code:
        return redirect("dunning-pay:card", token, payment.pk)
    else:
        messages.info(request, _("We are still waiting for your bank's answer."))
    return redirect("dunning-pay:open", token)


def _unlisted(answer: HttpResponse) -> HttpResponse:
    """No search engine keeps it, and no other site learns the address."""
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "same-origin"
    return answer


urlpatterns = [
    path("<str:token>/", open_items, name="open"),
    path("<str:token>/promise/", promise_to_pay, name="promise"),
    path("<str:token>/card/<slug:number>/", start_card, name="start-card"),
    path("<str:token>/pay/<row:pk>/", card, name="card"),
    path("<str:token>/back/<row:pk>/", back, name="back"),
]
