"""Seam of Oscar: which basket belongs to a request. Loaded only when a view asks; offers only where totals show."""

from __future__ import annotations

from typing import Any

from django.utils.functional import SimpleLazyObject, empty
from oscar.apps.basket import middleware


class BasketMiddleware(middleware.BasketMiddleware):
    """Oscar's, with two differences: the hash is never loaded, and a page that only counts applies no offers."""

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
            return self._forget(request, response)
        return self.process_response(request, response)

    def _forget(self, request: Any, response: Any) -> Any:
        for key in request.cookies_to_delete:
            response.delete_cookie(key)
        return response

    def process_template_response(self, request: Any, response: Any) -> Any:
        """Oscar puts the basket into every template's context, which loads it everywhere; we do not."""
        return response
