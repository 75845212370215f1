"""Where the basket leads: strangers to the first step, known customers straight to the page they look over."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from checkout.payment import rules
from shop.customers.models import User
from shop.kernel.access import public

from . import known, session
from .placing import remember_firm
from .quote import bring, quote
from .views import missing_contact, missing_step


@public
@never_cache
@require_http_methods(["GET", "HEAD"])
def start(request: HttpRequest) -> HttpResponse:
    """Go to the first step where something is missing; for whoever ordered before, nothing is.

    The order itself still needs the last page and its button. Nothing is written for a guest.
    """
    draft = session.load(request)
    if isinstance(request.user, User) and not _is_complete(draft):
        filled = known.fill(draft, request.user)
        if filled is not None:
            if filled.address and filled.order.vat_id:
                firm = {
                    "company": filled.order.company,
                    "vat_id": filled.order.vat_id,
                    "buyer_reference": "",
                }
                remember_firm(request, draft, firm)
            session.save(request, draft)
            messages.info(request, _told(filled))
    first = missing_contact(list(bring(request).all_lines()), session.load(request))
    if first:  # nothing need be reckoned yet
        return redirect(first)
    found = quote(request)
    missing = missing_step(found, "summary")
    if not missing and not rules.check(found.draft.payment_method, found.case(request), kept=True).allowed:
        missing = "checkout:payment"
    return redirect(missing or "checkout:summary")


def _is_complete(draft: session.Draft) -> bool:
    return bool(draft.has_contact and draft.delivery_code and draft.payment_method)


def _told(filled: known.Known) -> str:
    """What was chosen for the person, in a sentence each."""
    if filled.usual:
        return _(
            "The address is the usual one of your account; delivery and payment are those of your last order. "
            "Please check them."
        )
    if filled.address:
        return _("Address, delivery and payment are those of your last order. Please check them.")
    return _("Delivery and payment are those of your last order. Please check them.")
