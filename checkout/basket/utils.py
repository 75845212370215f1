"""Seam of Oscar: which pieces of a line an offer may still take. Oscar asks the database for every line and pair of
offers whether the two may be combined; our offers bring the answer along (see offers.py)."""

from __future__ import annotations

from typing import Any

from oscar.apps.basket import utils


class LineDiscountRegistry(utils.LineDiscountRegistry):
    """Oscar's rules, decided from memory."""

    def available(self, offer: Any = None) -> int:
        """Pieces of the line that ``offer`` may still take; 0 where another applied offer excludes it."""
        if not hasattr(offer, "combines_with"):
            return int(super().available(offer))
        others = [other for other in self.consumers if other.pk != offer.pk]
        left = int(self._line.quantity) - int(self.num_consumed(offer))
        if offer.exclusive:
            if any(not other.exclusive for other in others):
                return 0
            # Another exclusive offer came first: what it did not take is free.
            return max(0, left - sum(int(self.num_consumed(other)) for other in others))
        if any(other.exclusive or not _combine(offer, other) for other in others):
            return 0
        return left


def _combine(one: Any, other: Any) -> bool:
    """Two offers may meet on a line when neither lists partners, or one lists the other."""
    if not one.combines_with and not other.combines_with:
        return True
    return other.pk in one.combines_with or one.pk in other.combines_with
