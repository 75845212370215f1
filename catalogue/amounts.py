"""Whether words promise an amount: who reads "10 % off" is told of a reduction (§ 11 PAngV; announced.py)."""

from __future__ import annotations

import re

_AMOUNT = re.compile(
    r"\d(?:[,.][-\u2010-\u2014]+)?(?:\s*|[-\u2010\u2011])"  # "5", "5,–", "5-" as in "5-Euro-Rabatt"
    r"(?:%|prozent\b|per ?cent\b|€|euros?\b|eur\b|cents?\b|ct\b)"
    r"|(?:€|\beur)\s*\d|\bhalbe[nrm]? preis|\bhalf[ -]price",
    re.IGNORECASE,
)


def announces_an_amount(said: str) -> bool:
    """Whether words promise an amount or a share off: a figure beside a sign of money or percent, or half the price."""
    return bool(_AMOUNT.search(said))
