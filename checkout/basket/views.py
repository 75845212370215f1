"""The basket's pages: show, add, change, remove, vouchers. All work without JavaScript."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalogue.models import Product
from shop.kernel.access import public

from . import actions, marks
from .counting import note_count
from .estimate import estimate_for
from .held import reader_of
from .later import keeper_of
from .queries import shown_basket
from .together import bring_basket
from .undo import REMOVED, Undo, undo_of
from .undo import address as undo_address

MAX_ID = 2**63 - 1


@public
@require_safe
@never_cache
def summary(request: HttpRequest) -> HttpResponse:
    """What is in the basket and what it costs. With script only its middle is exchanged (htmx picks it out)."""
    shown = shown_basket(
        basket_of(request), user=request.user, keeper=keeper_of(request), reader=reader_of(request)
    )
    note_count(request, sum(line.quantity for line in shown.lines))
    sums = shown.totals
    context = {
        "lines": shown.lines,
        "empty": not shown.lines,
        "has_problem": shown.has_problem,
        "subtotal_minor": sums.goods_before_minor,
        "discount_minor": sums.discount_minor,
        "vat_minor": sums.vat_minor,
        "vat_rates": [{"percent": f"{rate / 100:g}", "vat_minor": vat} for rate, vat in sums.vat.items()],
        "total_minor": sums.total_minor,
        "currency": sums.currency,
        "vouchers": shown.vouchers,
        "offers": shown.offers,
        "kept": shown.kept,
        "undo": undo_of(request),
        "estimate": estimate_for(request, shown) if shown.lines else None,
    }
    return render(request, "storefront/basket.html", context)


@public
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put a variant in the basket; back to where the form stood, or to the basket."""
    variant_id = whole_number(request, "product_id", _("Please choose a size first."))
    quantity = whole_number(
        request, "quantity", _("Please give the quantity as a whole number."), default="1"
    )
    try:
        added = actions.add(
            basket=basket_of(request),
            variant_id=variant_id,
            quantity=quantity,
            by=actor_of(request),
            reader=reader_of(request),
        )
    except Product.DoesNotExist:
        raise Http404 from None
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        note_count(request, added.pieces)
        text = _("In your basket: %(n)d × %(title)s") % {"n": added.in_basket, "title": added.title}
        messages.success(request, text)
    return redirect(_next(request))


@public
@require_POST
def update(request: HttpRequest, line_id: int) -> HttpResponse:
    """Set the quantity of a line; 0 removes it."""
    quantity = whole_number(request, "quantity", _("Please give the quantity as a whole number."))
    if quantity == 0:
        return remove(request, line_id)
    try:
        actions.change_quantity(
            basket=basket_of(request), line_id=known_id(line_id), quantity=quantity, by=actor_of(request)
        )
    except LookupError:
        return gone(request, line_id)
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The quantity has been changed."))
    return redirect("basket:summary")


@public
@require_POST
def remove(request: HttpRequest, line_id: int) -> HttpResponse:
    """Take a line out; the basket page then offers to put it back."""
    try:
        product_id, quantity, title = actions.remove(
            basket=basket_of(request), line_id=known_id(line_id), by=actor_of(request)
        )
    except LookupError:
        return gone(request, line_id)
    return redirect(undo_address(Undo(REMOVED, product_id, quantity, title)))


@public
@require_POST
def voucher_add(request: HttpRequest) -> HttpResponse:
    """Put a voucher on the basket."""
    code = request.POST.get("code", "")
    try:
        works = actions.add_voucher(
            basket=bring_basket(request), code=code, user=request.user, by=actor_of(request)
        )
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        if works:
            messages.success(request, _("Your voucher has been taken off."))
        else:
            text = _("The voucher is kept, but takes nothing off yet: its conditions are not met.")
            messages.warning(request, text)
        note_count(request, sum(line.quantity for line in basket_of(request).all_lines()))
    return redirect("basket:summary")


@public
@require_POST
def voucher_remove(request: HttpRequest) -> HttpResponse:
    """Take a voucher off the basket."""
    actions.remove_voucher(basket=basket_of(request), code=request.POST.get("code", ""), by=actor_of(request))
    return redirect("basket:summary")


def basket_of(request: HttpRequest) -> Any:
    """The visitor's basket, which the middleware brings."""
    return request.basket  # type: ignore[attr-defined]


def actor_of(request: HttpRequest) -> Any:
    """Who clicks; None for a guest."""
    return request.user if request.user.is_authenticated else None


def gone(request: HttpRequest, line_id: int) -> HttpResponse:
    """The answer for a line that is not in the basket (any more): the basket for a second click, else not found."""
    if not marks.holds(request, line_id):
        raise Http404
    return redirect("basket:summary")


def whole_number(request: HttpRequest, name: str, words: str, default: str = "") -> int:
    """A whole number of the form; raises BadRequest with ``words`` for anything else."""
    text = request.POST.get(name, default).strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadRequest(words)
    return int(text)


def known_id(line_id: int) -> int:
    """An id the database can hold; raises Http404 for a longer number."""
    if line_id > MAX_ID:
        raise Http404
    return line_id


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    # a word without a slash would be taken for the name of an address
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return reverse("basket:summary")
