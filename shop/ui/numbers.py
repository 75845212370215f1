"""Money and plain numbers as the reader writes them: 1.234,56 € in German, €1,234.56 in English."""

from __future__ import annotations

from decimal import Decimal

from django.utils import formats
from django.utils.translation import get_language, gettext

from shop.kernel.money import exponent, to_decimal

NBSP = "\u00a0"
MINUS = "\u2212"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF", "HUF": "Ft", "JPY": "¥"}


def plain_number(value: Decimal | int, places: int) -> str:
    """The number with the reader's separators, a true minus sign and a fixed count of decimal places."""
    size = -value if value < 0 else value
    text = formats.number_format(size, decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if value < 0 else text


def signed_number(value: int) -> str:
    """A change of so many pieces: +3, −2, 0, in the reader's form."""
    return f"+{plain_number(value, 0)}" if value > 0 else plain_number(value, 0)


def money_text(amount_minor: int, currency: str = "EUR") -> str:
    """Money as text in the active language.

    amount_minor: whole minor units (cents); currency: ISO 4217 code. The symbol stands before the
    number in English and behind it, after a no-break space, in every other language.
    """
    number = plain_number(abs(to_decimal(amount_minor, currency)), exponent(currency))
    sign = MINUS if amount_minor < 0 else ""
    symbol = SYMBOLS.get(currency, currency)
    if (get_language() or "de").startswith("en"):
        gap = NBSP if symbol.isalpha() else ""
        return f"{sign}{symbol}{gap}{number}"
    return f"{sign}{number}{NBSP}{symbol}"


def charge_text(amount_minor: int, currency: str = "EUR") -> str:
    """What a delivery costs, as text in the active language: an amount, or at 0 the one word that every page says.

    amount_minor: whole minor units; currency: ISO 4217 code.
    """
    return money_text(amount_minor, currency) if amount_minor else gettext("free")
