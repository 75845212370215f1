"""A request's basket and its lines in one query: each step of the checkout shows both."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty

from checkout.lost_answers import named_by_browser

from .kept_products import bring_lines, read_lines
from .models import Basket, Line  # type: ignore[attr-defined]


def bring_basket(request: HttpRequest, **columns: Any) -> Any:
    """The basket of the request with its lines read. ``columns``: further ones of the lines, as expressions by name.

    One query where a basket with something in it is there and nothing has to be done with it first; whatever else the
    middleware does with baskets (begin one, bring a guest's along, merge two) it does as ever, and the lines are read
    after that.
    """
    basket: Any = request.basket  # type: ignore[attr-defined]
    if isinstance(basket, SimpleLazyObject) and basket._wrapped is empty:
        whose = _whose(request)
        lines = _read(whose, columns) if whose is not None else []
        if len({line.basket_id for line in lines}) == 1:
            found = lines[0].basket
            found.bring_lines(lines)
            if request.user.is_authenticated:
                found.owner = request.user
            request._basket_cache = found  # type: ignore[attr-defined]  # where the middleware looks first
    bring_lines(basket, **columns)
    return basket


def _whose(request: HttpRequest) -> Q | None:
    """Which lines these are; None where the middleware has to look."""
    if request.user.is_authenticated:
        is_guests = settings.OSCAR_BASKET_COOKIE_OPEN in request.COOKIES  # from before they signed in
        return None if is_guests else Q(basket__owner=request.user.pk)
    number = named_by_browser(request)
    return None if number is None else Q(basket=number, basket__owner=None)


def _read(whose: Q, columns: dict[str, Any]) -> list[Any]:
    rows = Line.objects.filter(whose, basket__status=Basket.OPEN).select_related("basket")
    return read_lines(rows.annotate(**columns))
