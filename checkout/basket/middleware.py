"""Seam of Oscar: which basket belongs to a request. Loaded only when a view asks; offers only where totals show."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.utils.functional import SimpleLazyObject, empty
from oscar.apps.basket import middleware

from checkout.lost_answers import bring_back

from .actions import Refused
from .counting import count_pieces, is_noted, note_count, write_count
from .merging import merge
from .models import Basket


class BasketMiddleware(middleware.BasketMiddleware):  # type: ignore[misc]
    """Oscar's, with three differences: the hash is never loaded, a page that only counts applies no offers, and the
    number of pieces is remembered beside the basket so that pages can show it without asking the database."""

    def __call__(self, request: Any) -> Any:
        request.cookies_to_delete = []
        request.strategy = SimpleLazyObject(lambda: middleware.selector.strategy(request=request))
        request._basket_cache = None

        def load() -> Any:
            basket = self.get_basket(request)
            basket.strategy = request.strategy
            return basket

        request.basket = SimpleLazyObject(load)
        response = self.get_response(request)
        if isinstance(request.basket, SimpleLazyObject) and request.basket._wrapped is empty:
            for key in request.cookies_to_delete:  # the basket was asked for at sign-in, by nobody else
                response.delete_cookie(key)
            return self._finish(request, response)
        if request.method == "POST" and not is_noted(request):
            note_count(request, count_pieces(request.basket))
        return self._finish(request, self.process_response(request, response))

    def _finish(self, request: Any, response: Any) -> Any:
        """The count of a basket that is gone goes, that of the present one is written. The cookies of baskets are
        Oscar's part: it deletes that of one that is gone, and then writes that of one which was begun in its place."""
        if settings.OSCAR_BASKET_COOKIE_OPEN in request.cookies_to_delete:
            response.delete_cookie(settings.BASKET_COUNT_COOKIE_NAME, samesite="Lax")
        write_count(request, response)
        if settings.OSCAR_BASKET_COOKIE_OPEN in response.cookies:
            response.cookies[settings.OSCAR_BASKET_COOKIE_OPEN]["samesite"] = "Lax"  # Oscar says nothing
        return response

    def get_basket(self, request: Any) -> Any:
        """The visitor's open basket. A guest's becomes part of the person's own at sign-in, which is said in words."""
        if request._basket_cache is not None:
            return request._basket_cache
        key = self.get_cookie_key(request)
        guests = self.get_cookie_basket(key, request, Basket.open)
        if guests is None and key in request.cookies_to_delete:
            bring_back(request)
        if getattr(request, "user", None) is None or not request.user.is_authenticated:
            basket = guests or Basket()
        else:
            basket = _of_person(request.user)
            if guests:
                basket = _bring_along(request, basket, guests, key)
        request._basket_cache = basket
        return basket

    def process_template_response(self, request: Any, response: Any) -> Any:
        """Oscar puts the basket into every template's context, which loads it everywhere; we do not."""
        return response


def _bring_along(request: Any, basket: Any, guests: Any, key: str) -> Any:
    """The person's basket with what the guest had chosen. Where it became an order in this moment: a new one."""
    try:
        text = merge(into=basket, other=guests, by=request.user).words()
    except Refused:
        basket = _of_person(request.user)
        text = merge(into=basket, other=guests, by=request.user).words()
    request.cookies_to_delete.append(key)
    if text:
        messages.info(request, text, fail_silently=True)
    return basket


def _of_person(user: Any) -> Any:
    """The one open basket of an account; two that two windows made in one moment are merged."""
    try:
        basket, _made = Basket.open.get_or_create(owner=user)
    except Basket.MultipleObjectsReturned:
        basket, *others = Basket.open.filter(owner=user).order_by("pk")
        try:
            for other in others:
                merge(into=basket, other=other, by=user)
        except Refused:  # it became an order in this moment; the others are still there
            return _of_person(user)
    basket.owner = user
    return basket
