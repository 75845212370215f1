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
from .quote import quote
from .views import missing_step


@public
@never_cache
@require_http_methods(["GET", "HEAD"])
def start(request: HttpRequest) -> HttpResponse:
    """Go to the first step where something is missing; for whoever ordered before, nothing is.

    The order itself still needs the last page and its button. Nothing is written for a guest.
    """
    draft = session.load(request)
    if isinstance(request.user, User) and not draft.has_contact:
        last = known.fill(draft, request.user)
        if last is not None:
            if last.vat_id:
                firm = {"company": last.company, "vat_id": last.vat_id, "buyer_reference": ""}
                remember_firm(request, draft, firm)
            session.save(request, draft)
            messages.info(
                request, _("Address, delivery and payment are those of your last order. Please check them.")
            )
    found = quote(request)
    missing = missing_step(found, "summary")
    if not missing and not rules.check(found.draft.payment_method, found.case(request)).allowed:
        missing = "checkout:payment"
    return redirect(missing or "checkout:summary")
