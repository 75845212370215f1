"""The basket of an order by phone: articles are searched, put in, counted and taken out; vouchers."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalogue.models import Product
from catalogue.partner.models import StockRecord
from checkout.basket import actions as basket
from checkout.phone_orders import actions
from checkout.phone_orders.models import PhoneOrder
from fulfilment.warehouse.stock.models import Barcode
from shop.kernel.access import staff_view

from .phone_orders import TAKE, WORDS_MAX

ARTICLES_MAX = 20  #: articles shown for one search


def articles(words: str) -> list[StockRecord]:
    """What may be sold, by SKU, barcode, name, colour or size. One query."""
    found = (
        StockRecord.objects.filter(price__isnull=False, product__is_public=True)
        .exclude(product__parent__is_public=False)
        .exclude(product__structure="parent")
        .select_related("product__parent", "product__colour")
    )
    for word in words.split()[:WORDS_MAX]:
        found = found.filter(
            Q(partner_sku__istartswith=word)
            | Q(product__upc__iexact=word)
            | Q(pk__in=Barcode.objects.filter(code__iexact=word).values("stockrecord_id"))
            | Q(product__size__iexact=word)
            | Q(product__title__icontains=word)
            | Q(product__parent__title__icontains=word)
            | Q(product__parent__search_text__icontains=word.lower())
            | Q(product__colour__name__icontains=word)
        )
    return list(found.order_by("product__parent__title", "pk")[:ARTICLES_MAX])


def row_of(pk: int) -> PhoneOrder:
    """The phone order, open or placed; 404 for one that was dropped. One query."""
    found = PhoneOrder.objects.select_related("basket", "user", "taken_by").filter(pk=pk).first()
    if found is None:
        raise Http404(pk)
    return found


def open_or_say(request: HttpRequest, pk: int) -> PhoneOrder | None:
    """The order, if it may still be changed; else None, and the person is told."""
    row = row_of(pk)
    if row.is_open:
        return row
    messages.info(request, _("This order has been placed. Change it on its own page."))
    return None


@staff_view(TAKE)
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Put pieces of an article in the basket."""
    row = open_or_say(request, pk)
    if row is None:
        return redirect("dashboard:phone-orders")
    variant, quantity = _whole(request, "product_id"), _whole(request, "quantity", "1")
    try:
        added = basket.add(basket=actions.priced(row), variant_id=variant, quantity=quantity, by=request.user)
    except Product.DoesNotExist:
        messages.error(request, _("This article is not on offer any more."))
    except basket.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, _("In the basket: %(n)d × %(title)s") % {"n": added.in_basket, "title": added.title}
        )
    return redirect("dashboard:phone-order", pk)


@staff_view(TAKE)
@require_POST
def line(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """Set the pieces of a line; 0 takes it out."""
    row = open_or_say(request, pk)
    if row is None:
        return redirect("dashboard:phone-orders")
    try:
        basket.change_quantity(
            basket=actions.priced(row), line_id=line, quantity=_whole(request, "quantity"), by=request.user
        )
    except LookupError:
        messages.info(request, _("This line is not in the basket any more."))
    except basket.Refused as refused:
        messages.error(request, str(refused))
    return redirect("dashboard:phone-order", pk)


@staff_view(TAKE)
@require_POST
def voucher(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a voucher on the basket, or take one off."""
    row = open_or_say(request, pk)
    if row is None:
        return redirect("dashboard:phone-orders")
    code = request.POST.get("code", "")
    if request.POST.get("off"):
        basket.remove_voucher(basket=actions.priced(row), code=code, by=request.user)
        return redirect("dashboard:phone-order", pk)
    try:
        works = basket.add_voucher(basket=actions.priced(row), code=code, user=row.buyer, by=request.user)
    except basket.Refused as refused:
        messages.error(request, str(refused))
    else:
        if works:
            messages.success(request, _("The voucher counts; what it takes off is in the sum."))
        else:
            messages.warning(
                request, _("The voucher is kept, but takes nothing off yet: its conditions are not met.")
            )
    return redirect("dashboard:phone-order", pk)


def _whole(request: HttpRequest, name: str, default: str = "") -> int:
    text = request.POST.get(name, default).strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadRequest(_("Please give the quantity as a whole number."))
    return int(text)


urlpatterns = [
    path("phone-orders/<row:pk>/add/", add, name="phone-order-add"),
    path("phone-orders/<row:pk>/lines/<row:line>/", line, name="phone-order-line"),
    path("phone-orders/<row:pk>/voucher/", voucher, name="phone-order-voucher"),
]
