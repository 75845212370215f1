"""Order again: what of an earlier order can be had today, what is gone or dearer, and one click for the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from catalogue.models import Product
from catalogue.pictures import Picture
from catalogue.prices import unit_price_of
from checkout.basket import actions
from checkout.basket.queries import pictures_of
from checkout.order.models import Order
from shop.kernel.access import shopper_view
from shop.kernel.money import to_minor
from shop.ui.numbers import money_text


@dataclass(frozen=True)
class Again:
    """A line of the earlier order as it stands today; prices in minor units. ``pieces``: how many can be had."""

    title: str
    url: str
    picture: Picture | None
    variant_id: int
    ordered: int
    pieces: int
    before_minor: int
    now_minor: int
    note: str
    dearer: bool = False
    unit_price_text: str = ""


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reorder(request: HttpRequest, number: str) -> HttpResponse:
    """Look what is there; a click puts it into the basket. 404 for somebody else's order."""
    order = Order.objects.filter(user=request.user, number=number, kind=Order.SALE).first()
    if order is None:
        raise Http404
    rows = today(order)
    if request.method == "POST":
        return _into_basket(request, rows)
    there = [row for row in rows if row.pieces]
    context = {
        "order": order,
        "rows": rows,
        "there": there,
        "total_minor": sum(row.pieces * row.now_minor for row in there),
    }
    return render(request, "account/reorder.html", context)


def today(order: Order) -> list[Again]:
    """Every article of the order with today's stock and price. Four queries for any number of lines."""
    lines = list(
        order.lines.select_related("product__parent", "product__colour")
        .prefetch_related("product__stockrecords")
        .order_by("pk")
    )
    pictures = pictures_of([line.product for line in lines if line.product])
    return [_again(line, order.currency, pictures) for line in lines]


def _again(line: Any, currency: str, pictures: dict[int, Picture]) -> Again:
    product = line.product
    record = next(iter(product.stockrecords.all()), None) if product else None
    before = to_minor(line.unit_price_incl_tax or 0, currency)
    is_shown = product and product.is_public and (not product.parent or product.parent.is_public)
    if not is_shown or record is None or record.price is None:
        note = _("We no longer offer this.")
        return Again(line.title, "", None, 0, line.quantity, 0, before, 0, note)
    now_minor = record.price_minor
    most = line.quantity if record.backorderable else min(line.quantity, record.available)
    return Again(
        title=product.title_local,
        url=f"{product.get_absolute_url()}?v={product.pk}",
        picture=pictures.get(product.pk),
        variant_id=product.pk,
        ordered=line.quantity,
        pieces=min(most, actions.MAX_PER_LINE),
        before_minor=before,
        now_minor=now_minor,
        note=" ".join(
            filter(None, (_stock_note(most, line.quantity), _price_note(before, now_minor, currency)))
        ),
        dearer=now_minor > before,
        unit_price_text=unit_price_of(product, now_minor, record.price_currency),
    )


def _stock_note(left: int, ordered: int) -> str:
    if not left:
        return _("Sold out at the moment.")
    if left >= ordered:
        return ""
    text = ngettext("Only one piece is left.", "Only %(left)d pieces are left.", left)
    return text % {"left": left}


def _price_note(before: int, now_minor: int, currency: str) -> str:
    if before == now_minor:
        return ""
    text = _("Dearer than then: %(now)s instead of %(before)s.")
    if now_minor < before:
        text = _("Cheaper than then: %(now)s instead of %(before)s.")
    return text % {"now": money_text(now_minor, currency), "before": money_text(before, currency)}


def _into_basket(request: HttpRequest, rows: list[Again]) -> HttpResponse:
    """What can be had is in the basket afterwards, once: a second click puts nothing in twice."""
    put, already, refused, wanted = 0, 0, [], Counter[int]()
    for row in rows:
        if not row.pieces:
            continue
        wanted[row.variant_id] += row.pieces
        try:
            more = actions.at_least(
                basket=request.basket,  # type: ignore[attr-defined]
                variant_id=row.variant_id,
                quantity=wanted[row.variant_id],
                by=request.user,
            )
            put, already = put + bool(more), already + (not more)
        except (actions.Refused, Product.DoesNotExist) as problem:
            words = str(problem) if isinstance(problem, actions.Refused) else _("We no longer offer this.")
            refused.append(f"{row.title}: {words}")
    if put:
        text = ngettext("%(n)d article is in your basket.", "%(n)d articles are in your basket.", put)
        messages.success(request, text % {"n": put})
    if already:
        text = ngettext(
            "%(n)d article was in your basket already.",
            "%(n)d articles were in your basket already.",
            already,
        )
        messages.info(request, text % {"n": already})
    if not (put or already or refused):
        messages.info(request, _("Nothing of this order can be had at the moment."))
    for words in refused:
        messages.warning(request, words)
    return redirect("basket:summary")
