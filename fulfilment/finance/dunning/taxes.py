"""Net and VAT per rate of a part of a claim: parts always add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.money import split

from .models import WriteOff


def spread(
    whole: Invoice | WriteOff, amount_minor: int, gone: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Spread ``amount_minor`` (gross) over the rates of ``whole`` by what is left of each after ``gone`` (tax rows
    taken before). The last part takes the rest, VAT included. Raises ValueError for more than is left."""
    left: dict[tuple[str, int], list[int]] = {}
    for sign, rows in ((1, whole.taxes), (-1, gone)):
        for row in rows:
            rest = left.setdefault((row["country"], row["rate_bp"]), [0, 0])
            rest[0] += sign * (row["net_minor"] + row["vat_minor"])
            rest[1] += sign * row["vat_minor"]
    rates = sorted(rate for rate, (gross, _vat) in left.items() if gross > 0)
    if amount_minor > sum(left[rate][0] for rate in rates):
        raise ValueError("more than is left of the claim")
    parts = split(amount_minor, [left[rate][0] for rate in rates])
    found = []
    for (country, rate_bp), gross in zip(rates, parts, strict=True):
        rest_gross, rest_vat = left[country, rate_bp]
        vat = rest_vat if gross == rest_gross else split(rest_vat, [gross, rest_gross - gross])[0]
        if gross:
            found.append({"country": country, "rate_bp": rate_bp, "net_minor": gross - vat, "vat_minor": vat})
    return found
