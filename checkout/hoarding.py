"""Goods that are kept for orders nobody has paid yet: a few for everybody, not the whole shelf for one.

A basket keeps nothing from others; an order does, half an hour for a card and a week for a transfer. Who places many
and pays none would empty the shop. So one person (account, or e-mail address) and one place of the internet may have
so many unpaid orders and pieces, and are asked in words to pay or to cancel first.
"""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db.models import Exists, IntegerField, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThanOrEqual
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checkout.order.models import Line, Order
from shop.kernel.visitors import place_of

ORDERS_MAX = 5  #: of one person, without the one that is just being placed
PIECES_MAX = 100  #: of one person, in all unpaid orders
#: Placed within PLACE_S from one place of the internet by people without an account; an office is one place.
ORDERS_OF_PLACE_MAX = 30
PLACE_S = 1800


def unpaid_of(user: Any, email: str) -> QuerySet[Order]:
    """Orders of one person that keep goods and wait for money; ``user``: None for a guest."""
    who = Q(user_id=user.pk) if user is not None else Q(user=None, guest_email__iexact=email)
    return Order.objects.filter(who, status="awaiting_payment")


def room(*, user: Any, email: str, pieces: int) -> list[Any]:
    """Conditions under which one more order with so many pieces may be placed: parts of the statement that takes the
    basket, so they cost no query of their own."""
    unpaid = unpaid_of(user, email)
    lines = Line.objects.filter(order__in=unpaid.order_by().values("pk")).order_by().values(one=Value(1))
    kept = Subquery(lines.annotate(n=Sum("quantity")).values("n"), output_field=IntegerField())
    fifth = Exists(unpaid.order_by("pk")[ORDERS_MAX - 1 : ORDERS_MAX])
    return [~fifth, LessThanOrEqual(Coalesce(kept, 0), Value(PIECES_MAX - pieces))]


def words(*, user: Any, email: str, pieces: int) -> str:
    """Why there is no room, for the shopper. One query."""
    if pieces > PIECES_MAX:
        return _("So many pieces at once: please write to us, and we make you an offer. Your basket is kept.")
    return _words(max(1, unpaid_of(user, email).count()))


def too_many_of_place(request: HttpRequest) -> str:
    """Count one more unpaid order of a guest for their place of the internet; in words when that is too many."""
    if request.user.is_authenticated or not _too_many_of_place(request):
        return ""
    return _words(ORDERS_OF_PLACE_MAX)


def _words(orders: int) -> str:
    return ngettext(
        "We already keep goods for %(n)d order of yours that is not paid yet. Please pay or cancel it; then you can "
        "order more. Your basket is kept.",
        "We already keep goods for %(n)d orders of yours that are not paid yet. Please pay or cancel some of them; "
        "then you can order more. Your basket is kept.",
        orders,
    ) % {"n": orders}


def _too_many_of_place(request: HttpRequest) -> bool:
    place = place_of(request)
    if not place:  # unknown, or a server of ours stands before everybody
        return False
    counter = f"unpaid-orders:{place}"
    cache.add(counter, 0, PLACE_S)
    try:
        return int(cache.incr(counter)) > ORDERS_OF_PLACE_MAX
    except ValueError:  # it ran out between the two, or the cache is away
        return False
