"""Amounts of money as people type them, for the rooms of finance; they are read in ``shop/ui/amounts.py``."""

from __future__ import annotations

from django.utils.translation import get_language

from fulfilment.finance.invoicing.letterhead import percent
from shop.ui.amounts import AmountField, CsvAmount, parse

__all__ = ["AmountField", "CsvAmount", "parse", "rate_text"]


def rate_text(rate_bp: int) -> str:
    """A VAT rate in basis points as the reader writes it: 19 %, 5,5 %."""
    return percent(rate_bp, get_language() or "de")
