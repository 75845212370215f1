"""The basket's pages: show, add, change, remove, vouchers. All work without JavaScript."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalogue.models import Product
from shop.kernel.access import public

from . import actions
from .counting import note_count
from .queries import shown_basket

MAX_ID = 2**63 - 1


@public
@require_safe
@never_cache
def summary(request: HttpRequest) -> HttpResponse:
    """What is in the basket and what it costs."""
    shown = shown_basket(_basket(request), user=request.user)
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
        "undo": _undo(request),
    }
    return render(request, "storefront/basket.html", context)


@public
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put a variant in the basket; back to where the form stood, or to the basket."""
    variant_id = _whole(request, "product_id", _("Please choose a size first."))
    quantity = _whole(request, "quantity", _("Please give the quantity as a whole number."), default="1")
    try:
        added = actions.add(
            basket=_basket(request), variant_id=variant_id, quantity=quantity, by=_actor(request)
        )
    except Product.DoesNotExist:
        raise Http404 from None
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        text = _("In your basket: %(n)d × %(title)s") % {"n": added.in_basket, "title": added.title}
        messages.success(request, text)
    return redirect(_next(request))


@public
@require_POST
def update(request: HttpRequest, line_id: int) -> HttpResponse:
    """Set the quantity of a line; 0 removes it."""
    quantity = _whole(request, "quantity", _("Please give the quantity as a whole number."))
    if quantity == 0:
        return remove(request, line_id)
    try:
        actions.change_quantity(
            basket=_basket(request), line_id=_line_id(line_id), quantity=quantity, by=_actor(request)
        )
    except LookupError:
        raise Http404 from None
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
        product_id, quantity = actions.remove(
            basket=_basket(request), line_id=_line_id(line_id), by=_actor(request)
        )
    except LookupError:
        raise Http404 from None
    undo = urlencode({"removed": product_id, "quantity": quantity})
    return redirect(f"{reverse('basket:summary')}?{undo}")


@public
@require_POST
def voucher_add(request: HttpRequest) -> HttpResponse:
    """Put a voucher on the basket."""
    code = request.POST.get("code", "")
    try:
        works = actions.add_voucher(basket=_basket(request), code=code, user=request.user, by=_actor(request))
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        if works:
            messages.success(request, _("Your voucher has been taken off."))
        else:
            text = _("The voucher is kept, but takes nothing off yet: its conditions are not met.")
            messages.warning(request, text)
    return redirect("basket:summary")


@public
@require_POST
def voucher_remove(request: HttpRequest) -> HttpResponse:
    """Take a voucher off the basket."""
    actions.remove_voucher(basket=_basket(request), code=request.POST.get("code", ""), by=_actor(request))
    return redirect("basket:summary")


def _basket(request: HttpRequest) -> Any:
    """The visitor's basket, which the middleware brings."""
    return request.basket  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None


def _whole(request: HttpRequest, name: str, words: str, default: str = "") -> int:
    """A whole number of the form; raises BadRequest with ``words`` for anything else."""
    text = request.POST.get(name, default).strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadRequest(words)
    return int(text)


def _line_id(line_id: int) -> int:
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


def _undo(request: HttpRequest) -> dict[str, Any] | None:
    """What was just taken out, so that one click brings it back."""
    removed, quantity = request.GET.get("removed", ""), request.GET.get("quantity", "")
    if not all(text.isascii() and text.isdigit() and len(text) < 16 for text in (removed, quantity)):
        return None
    found = Product.objects.filter(pk=int(removed), is_public=True).select_related("parent", "colour").first()
    return {"product_id": found.pk, "quantity": int(quantity), "title": found.title_local} if found else None
