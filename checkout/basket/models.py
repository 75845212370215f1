"""The basket: Oscar's, loaded in a constant number of queries."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from oscar.apps.basket.abstract_models import AbstractBasket


class Basket(AbstractBasket):
    """Wishes, not promises: nothing is reserved before the order."""

    _lines: Any

    def all_lines(self) -> Any:
        """Lines with product, parent, colour and stock in one query, remembered until the basket changes."""
        if self.pk is None:
            return self.lines.model.objects.none()
        if self._lines is None:
            found = self.lines.select_related("stockrecord", "product__parent", "product__colour")
            self._lines = found.annotate(voucher_count=self.voucher_count()).order_by("pk")
        return self._lines

    def forget_lines(self) -> None:
        """Read the lines anew at the next question: what comes with them was changed."""
        self._lines = None

    @classmethod
    def voucher_count(cls) -> Subquery:
        """For a query of lines: how many vouchers are on their basket, nothing for none. It comes along instead of
        being asked for."""
        rows = cls.vouchers.through.objects.filter(basket_id=OuterRef("basket_id")).order_by()
        return Subquery(rows.values("basket_id").annotate(n=Count("pk")).values("n"))

    def bring_lines(self, rows: list[Any]) -> None:
        """Lines that a page read together with others; from then on they are remembered as ``all_lines`` does."""
        found = self.lines.all()
        found._result_cache = rows
        for row in rows:
            row.basket = self
        self._lines = found


from oscar.apps.basket.models import *  # noqa: E402, F403
