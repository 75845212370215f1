"""Amounts of money as people type them: 1.234,50 or 1,234.50 or 1234.5, with or without the sign of the euro."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shop.kernel.money import to_decimal, to_minor

from .numbers import money_text

MOST_DIGITS = 12  #: 9,999,999,999.99 is more than anybody types on purpose


def parse(text: str, currency: str = "EUR", language: str | None = None) -> int:
    """Minor units of what was typed; ValueError when it is no amount or has fractions of a cent.

    The last separator is the decimal one, unless it is the reader's thousands separator with three digits behind it
    ("1.190" is eleven hundred and ninety in German).
    """
    plain = re.sub(r"[\s\u00a0\u202f€']|EUR", "", text).replace("\u2212", "-")
    if not re.fullmatch(r"-?\d[\d.,]*", plain, flags=re.ASCII) or sum(map(str.isdigit, plain)) > MOST_DIGITS:
        raise ValueError(f"{text!r} is no amount")
    thousands = "." if (language or get_language() or "de").startswith("de") else ","
    last = max(plain.rfind("."), plain.rfind(","))
    if last >= 0:
        lone = plain.count(plain[last]) > 1 or (plain[last] == thousands and len(plain) - last == 4)
        whole, cents = (plain, "") if lone else (plain[:last], plain[last + 1 :])
        plain = re.sub(r"[.,]", "", whole) + (f".{cents}" if cents else "")
    try:
        return to_minor(Decimal(plain), currency)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no amount") from error


class AmountField(forms.CharField):
    """A form field for an amount; cleans to whole minor units (int) or None."""

    default_error_messages = {
        "amount": _("Please enter an amount such as 119.00."),
        "positive": _("The amount must be more than zero."),
    }

    def __init__(self, *, positive: bool = True, **kwargs: Any) -> None:
        self.positive = positive
        kwargs.setdefault("max_length", 24)
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def clean(self, value: Any) -> int | None:  # type: ignore[override]
        """Minor units; ValidationError in words otherwise."""
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = parse(text)
        except ValueError:
            raise forms.ValidationError(self.error_messages["amount"], code="amount") from None
        if self.positive and amount <= 0:
            raise forms.ValidationError(self.error_messages["positive"], code="positive")
        return amount


class PriceField(AmountField):
    """A price or a limit: nothing or more, up to ``most_minor``; cleans to whole minor units (int) or None."""

    default_error_messages = {
        "below": _("The amount must not be below zero."),
        "above": _("The amount must be at most %(most)s."),
    }

    def __init__(self, *, most_minor: int, **kwargs: Any) -> None:
        self.most_minor = most_minor
        super().__init__(positive=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Minor units as the reader writes them; what was typed stays as it was typed."""
        return str(CsvAmount(value)) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:  # type: ignore[override]
        """Minor units; ValidationError in words otherwise."""
        amount = super().clean(value)
        if amount is not None and amount < 0:
            raise forms.ValidationError(self.error_messages["below"], code="below")
        if amount is not None and amount > self.most_minor:
            most = {"most": money_text(self.most_minor)}
            raise forms.ValidationError(self.error_messages["above"] % most, code="above")
        return amount


class CsvAmount(int):
    """Minor units that stand in a CSV cell as people write amounts there: 1234,50 in German, 1234.50 elsewhere."""

    def __str__(self) -> str:
        text = str(to_decimal(int(self)))
        return text.replace(".", ",") if (get_language() or "de").startswith("de") else text
