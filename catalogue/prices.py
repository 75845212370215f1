"""What stands beside a price by law: the unit price and the reduction, computed from the 30-day reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from shop.ui.numbers import money_text

if TYPE_CHECKING:
    from .models import Product

#: How many of the small unit make the one that § 5 PAngV wants beside the price, and its name.
BASE_UNITS = {"ml": (1000, "l"), "g": (1000, "kg"), "cm": (100, "m"), "m2": (1, "m²")}
PERCENT = 100


def unit_price_minor(price_minor: int, amount: int, unit: str) -> int:
    """The price of one base unit (litre, kilogram, metre, square metre) in minor units, rounded half up."""
    factor, _name = BASE_UNITS[unit]
    return (2 * price_minor * factor + amount) // (2 * amount)


def unit_price_text(price_minor: int, currency: str, amount: int | None, unit: str) -> str:
    """``18,00 € je 1 l`` in the reader's language; empty for goods sold by the piece (§§ 4, 5 PAngV)."""
    if not amount or unit not in BASE_UNITS:
        return ""
    price = money_text(unit_price_minor(price_minor, amount, unit), currency)
    return _("%(price)s per 1 %(unit)s") % {"price": price, "unit": BASE_UNITS[unit][1]}


def unit_price_of(article: Product, price_minor: int, currency: str) -> str:
    """``unit_price_text()`` of a variant (with its ``parent``), or of a product of its own, at this price in minor
    units; what it holds is said of the variant, else of its product. No query."""
    whole = article.own_or_parent
    amount, unit = article.content_amount or whole.content_amount, article.content_unit or whole.content_unit
    return unit_price_text(price_minor, currency, amount, unit)


def content_text(amount: int | None, unit: str) -> str:
    """``75 ml``; empty for goods sold by the piece."""
    return f"{amount} {'m²' if unit == 'm2' else unit}" if amount and unit else ""


def reduction_percent(price_minor: int, reference_minor: int | None) -> int | None:
    """Whole percent saved against the lowest price of the last 30 days, rounded down so that it never promises more.

    None where nothing is saved (CJEU C-330/23: the percentage is computed from the reference price).
    """
    if not reference_minor or price_minor >= reference_minor:
        return None
    return (reference_minor - price_minor) * PERCENT // reference_minor or None
