"""Where a shopper changes or cancels an order: choose, see what it means, confirm. Guests by their link too."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from checkout.order.models import Order
from checkout.pay_views import own_order
from checkout.payment.models import CARD, OPEN_STATES, Payment
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.customer_service.changes import rules, words
from fulfilment.customer_service.changes.actions import TooLate, change
from fulfilment.customer_service.changes.altering import ChangeRefused
from fulfilment.customer_service.changes.models import ADDRESS, CANCEL, DELIVERY, PIECES
from fulfilment.customer_service.changes.paying import drop, waiting_change
from fulfilment.customer_service.changes.preview import Preview, preview
from fulfilment.customer_service.changes.states import WAITING
from fulfilment.warehouse.shortages.access import token as shortage_token
from fulfilment.warehouse.shortages.queries import of_order
from shop.kernel.access import public

from .order_change_form import FORMS

log = logging.getLogger(__name__)
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,48}")
ORDER_OF_KINDS = (PIECES, ADDRESS, DELIVERY, CANCEL)
TOTAL_MAX_DIGITS = 18


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order_change(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows what may be changed; POST with ``step`` preview says what it means, confirm does it, edit goes back."""
    order = own_order(request, number)
    kind = request.POST.get("kind", "")
    if request.method != "POST":
        return _choose(request, order)
    if kind == "drop":
        return _drop(request, order)
    if kind not in FORMS:
        return _choose(request, order, problem=_("Please choose what shall be changed."), status=400)
    form = FORMS[kind](request.POST, order=order)
    if request.POST.get("step") == "edit":
        return _choose(request, order, form)
    if not form.is_valid():
        return _choose(request, order, form, status=422)
    try:
        if request.POST.get("step") == "confirm":
            return _confirm(request, order, form)
        seen = preview(order=order, wish=form.wish())
    except TooLate:
        order.refresh_from_db()
        return _choose(request, order, status=409)
    except ChangeRefused as problem:
        order.refresh_from_db()
        return _choose(request, order, form, problem=str(problem), status=409)
    return render(
        request, "storefront/order/change_confirm.html", confirm_context(request, order, form, seen)
    )


def _confirm(request: HttpRequest, order: Order, form: Any) -> HttpResponse:
    key, total = change_key(request, order), seen_total(request)
    if key is None or total is None:
        return _choose(request, order, form, problem=_("Please look at it once more."), status=400)
    try:
        done = change(order=order, wish=form.wish(), key=key, seen_minor=total)
    except (ProviderDown, ProviderRefused) as error:
        log.warning("order %s cannot be changed now: %s", order.number, error)
        problem = _("That cannot be changed right now. Please try again in a minute.")
        return _choose(request, order, form, problem=problem, status=503)
    if done.state == WAITING:
        return redirect("checkout:pay", number=order.number)
    messages.success(request, words.done(done.kind))
    waiting = Payment.objects.of_order(order).filter(method=CARD, state__in=OPEN_STATES)
    if done.kind in (PIECES, DELIVERY) and waiting.exists():
        return redirect("checkout:pay", number=order.number)
    return redirect("orders:detail", number=order.number)


def _drop(request: HttpRequest, order: Order) -> HttpResponse:
    """The change that waits for its payment is not wanted any more."""
    waiting = waiting_change(order)
    try:
        dropped = waiting is not None and drop(change=waiting, why=_("you did not want it any more"))
    except (ProviderDown, ProviderRefused) as error:
        log.warning("change of order %s cannot be dropped now: %s", order.number, error)
        problem = _("That cannot be changed right now. Please try again in a minute.")
        return _choose(request, order, problem=problem, status=503)
    if dropped:
        messages.success(request, _("The change is dropped; your order stays as it is."))
    else:
        messages.info(request, _("Nothing waits any more. Please look at your order."))
    return redirect("orders:detail", number=order.number)


def change_key(request: HttpRequest, order: Order) -> str | None:
    """The name of this one change: made of the form's token and its order. None for a token that is none of ours."""
    given = request.POST.get("token", "")
    if not TOKEN.fullmatch(given):
        return None
    return hashlib.sha256(f"{order.pk}\n{given}".encode()).hexdigest()[:48]


def seen_total(request: HttpRequest) -> int | None:
    """The total that the page before named, in minor units; None when it was not sent whole."""
    text = request.POST.get("seen", "")
    known = text.isascii() and text.isdigit() and len(text) <= TOTAL_MAX_DIGITS
    return int(text) if known else None


def confirm_context(request: HttpRequest, order: Order, form: Any, seen: Preview) -> dict[str, Any]:
    """What the page shows that asks for the last word."""
    skipped = ("step", "token", "seen", "reason", "csrfmiddlewaretoken")
    return {
        "order": order,
        "form": form,
        "seen": seen,
        "title": words.title_of(form.kind),
        "effects": words.effects(seen, order, form.kind),
        "is_cancelled": form.kind == CANCEL,
        "address": form.cleaned_data if form.kind == ADDRESS else None,
        "way": _way(form) if form.kind == DELIVERY else "",
        "token": secrets.token_urlsafe(24),
        "carried": [(name, value) for name, value in request.POST.items() if name not in skipped],
    }


def _way(form: Any) -> str:
    chosen = form.cleaned_data["delivery"]
    return next(way.name for way in form.ways if way.code == chosen)


def _choose(
    request: HttpRequest, order: Order, bound: Any = None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = choose_context(order, bound) | {"problem": problem}
    return render(request, "storefront/order/change.html", context, status=status)


def choose_context(order: Order, bound: Any = None) -> dict[str, Any]:
    """What may be changed, each with its form; what may not, with the reason and what is possible instead.

    ``bound``: the form that was sent, with its errors.
    """
    may = rules.what_may_change(order)
    forms = {}
    for kind in ORDER_OF_KINDS:
        if may[kind].allowed:
            forms[kind] = bound if bound is not None and bound.kind == kind else FORMS[kind](order=order)
    if DELIVERY in forms and not forms[DELIVERY].ways:
        del forms[DELIVERY]
    refused = list(dict.fromkeys((m.reason, m.instead) for m in may.values() if not m.allowed))
    return {
        "order": order,
        "pieces": forms.get(PIECES),
        "address": forms.get(ADDRESS),
        "delivery": forms.get(DELIVERY),
        "cancel": forms.get(CANCEL),
        "bound": bound,
        "nothing": not forms,
        "waiting": waiting_change(order),
        "refused": [(reason, [_instead(order, code) for code in codes]) for reason, codes in refused],
        "currency": order.currency,
    }


def _instead(order: Order, code: str) -> dict[str, str]:
    """What is possible instead: words, and where it is done."""
    asked = f"?order={order.number}"
    if code == rules.WITHDRAW:
        return {"text": _("Withdraw from contract"), "url": reverse("withdrawal") + asked}
    if code == rules.PAY:
        return {"text": _("Pay the difference"), "url": reverse("checkout:pay", args=[order.number])}
    if code == rules.ANSWER:
        question = next((one for one in of_order(order.pk) if one.is_open), None)
        url = reverse("orders:shortage", args=[shortage_token(question)]) if question else ""
        return {"text": _("Choose how we go on"), "url": url}
    if code == rules.REFUSE_PARCEL:
        text = _(
            "Or do not take the parcel: tell the carrier that you refuse it. It comes back to us, and you get your "
            "money back."
        )
        return {"text": text, "url": ""}
    return {"text": _("Write to us"), "url": reverse("help") + asked}
