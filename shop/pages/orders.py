"""The order page: for the owner, for the browser that ordered, and for whoever holds a signed link from our mails."""

from __future__ import annotations

import datetime as dt
import logging
import secrets

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from checkout.forms import LookupForm
from checkout.order import access
from checkout.order.events import OrderLinkRequested
from checkout.order.models import Order, OrderLink
from fulfilment.finance.archive import FileDamaged
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.access import public
from shop.kernel.clock import now
from shop.kernel.outbox import record

from .timeline import order_page
from .withdrawal import language_of_page
from .withdrawal_period import period_of

log = logging.getLogger(__name__)

LINKS_PER_HOUR_MAX = 3  #: one-time links mailed per order and hour; more would only fill a stranger's mailbox


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    """Order number and e-mail address bring a one-time link by mail. The answer is the same whether they fit."""
    form = LookupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ask_for_link(form.cleaned_data["number"], form.cleaned_data["email"])
        return render(request, "storefront/order/lookup_sent.html", {"email": form.cleaned_data["email"]})
    return render(request, "storefront/order/lookup.html", {"form": form}, status=422 if form.errors else 200)


def ask_for_link(number: str, email: str) -> None:
    """Mail a one-time link when number and address belong together; else do nothing."""
    order = Order.objects.filter(number__iexact=number.strip()).select_related("user").first()
    if order is None or (order.email or "").casefold() != email.strip().casefold():
        return
    recent = OrderLink.objects.filter(order=order, created_at__gte=now() - dt.timedelta(hours=1)).count()
    if recent >= LINKS_PER_HOUR_MAX:
        return
    with transaction.atomic():
        link = OrderLink.objects.create(
            order=order,
            nonce=secrets.token_urlsafe(24),
            expires_at=now() + dt.timedelta(seconds=access.LOOKUP_VALID_S),
        )
        record(OrderLinkRequested(link.pk, order.pk))


@public
@never_cache
@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """A signed link: this browser may see the order from now on. One-time links open once."""
    found = access.read_token(token)
    order = Order.objects.filter(pk=found["o"]).first() if found else None
    if found is None or order is None:
        return render(request, "storefront/order/link_gone.html", status=410)
    nonce = str(found.get("n") or "")
    if (
        request.method == "HEAD"
    ):  # a mail scanner looks; it neither uses the link up nor gets to see the order
        return redirect("orders:detail", number=order.number)
    if nonce:
        used = OrderLink.objects.filter(order=order, nonce=nonce, used_at=None, expires_at__gt=now())
        if not used.update(used_at=now()) and not access.may_see(request, order):
            return render(request, "storefront/order/link_gone.html", status=410)
    access.grant(request, order)
    return redirect("orders:detail", number=order.number)


@public
@never_cache
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """The order with its timeline. Strangers' and unknown orders look the same: not there."""
    order = Order.objects.filter(number=number).select_related("user", "replaces", "shipping_address").first()
    if order is None or not access.may_see(request, order):
        if not request.user.is_authenticated:
            messages.info(
                request, _("Please tell us your order number and e-mail address; we send you a link.")
            )
            return redirect("orders:lookup")
        raise Http404
    page = order_page(order)
    context = {**page, "period": period_of(order, language_of_page(), page["lines"])}
    return render(request, "storefront/order/detail.html", context)


@public
@never_cache
@require_safe
def invoice_pdf(request: HttpRequest, number: str, invoice: str) -> HttpResponse:
    """The invoice of an order this visitor may see."""
    found = _own_invoice(request, number, invoice)
    from fulfilment.finance.invoicing.queries import invoice_pdf_bytes

    try:
        content = invoice_pdf_bytes(found.pk)
    except FileDamaged as damaged:
        log.error("archived document: %s", damaged)
        return render(request, "storefront/order/document_damaged.html", {"order": found.order}, status=409)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return answer


@public
@never_cache
@require_safe
def invoice_xrechnung(request: HttpRequest, number: str, invoice: str) -> HttpResponse:
    """The invoice as XRechnung, for public buyers; in words when it makes none."""
    found = _own_invoice(request, number, invoice)
    from fulfilment.finance.invoicing.files import XRechnungIncomplete
    from fulfilment.finance.invoicing.queries import xrechnung_bytes

    try:
        answer = HttpResponse(xrechnung_bytes(found.pk), content_type="application/xml")
    except XRechnungIncomplete:
        messages.error(
            request,
            _("We cannot make an XRechnung of this invoice; something is missing. Please write to us."),
        )
        return redirect("orders:detail", number=number)
    answer["Content-Disposition"] = f'attachment; filename="{found.number}-xrechnung.xml"'
    return answer


def _own_invoice(request: HttpRequest, number: str, invoice: str) -> Invoice:
    """The invoice, if this visitor may see its order. Raises Http404."""
    found = Invoice.objects.filter(number=invoice, order__number=number).select_related("order").first()
    if found is None or not access.may_see(request, found.order):
        raise Http404
    return found
