"""What can be done for a customer of an order: one class each, in the order of the screen."""

from .base import Act, Done, Refused, Wish
from .credit import Goodwill, MoneyBack, PriceReduction
from .replacement import Replacement

ACTS: dict[str, Act] = {act.code: act for act in (Replacement(), PriceReduction(), Goodwill(), MoneyBack())}

__all__ = ["ACTS", "Act", "Done", "Refused", "Wish"]
