"""Seam of Oscar: which basket belongs to a request. Loaded only when a view asks; offers only where totals show."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.functional import SimpleLazyObject, empty
from oscar.apps.basket import middleware

from .counting import COUNT_COOKIE, count_pieces, note_count, write_count


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
            return self._finish(request, response)
        if request.method == "POST":
            note_count(request, count_pieces(request.basket))
        return self._finish(request, self.process_response(request, response))

    def _finish(self, request: Any, response: Any) -> Any:
        """Cookies of baskets that are gone go, and the count of the present one is written."""
        for key in request.cookies_to_delete:
            response.delete_cookie(key)
        if settings.OSCAR_BASKET_COOKIE_OPEN in request.cookies_to_delete:
            response.delete_cookie(COUNT_COOKIE)
        write_count(request, response)
        return response

    def merge_baskets(self, master: Any, slave: Any) -> None:
        """Both baskets' wishes in one, the larger quantity of each; all or nothing."""
        with transaction.atomic():
            super().merge_baskets(master, slave)

    def process_template_response(self, request: Any, response: Any) -> Any:
        """Oscar puts the basket into every template's context, which loads it everywhere; we do not."""
        return response
