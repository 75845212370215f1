"""The least a card can be charged, per currency. Data of the card provider, not a choice of the shop."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "card_minimums.csv"


@cache
def card_minimums() -> dict[str, int]:
    """Currency (ISO code) -> smallest charge in minor units, with its source in the file itself."""
    with FILE.open(encoding="utf-8", newline="") as rows:
        return {row["currency"]: int(row["minimum_minor"]) for row in csv.DictReader(rows)}


def card_minimum_minor(currency: str) -> int:
    """The smallest charge in a currency; one minor unit where the provider names none."""
    return card_minimums().get(currency.upper(), 1)
