"""Which VAT rate is in force. The table is small and read at every page, so it is kept in memory for a minute."""

from __future__ import annotations

import datetime as dt

from shop.kernel.clock import today
from shop.kernel.memory import Memory

from .models import VatRate

KEPT_S = 60  #: seconds an edited rate may take to be seen by every process
_memory: Memory[list[VatRate]] = Memory(KEPT_S)
forget = _memory.forget


class UnknownVatRate(LookupError):
    """No rate is on file; selling there would be a guess, so it is refused."""


def _rates() -> list[VatRate]:
    return _memory.get(lambda: list(VatRate.objects.order_by("-valid_from")))


def rate_bp(vat_class: str, country: str, on: dt.date | None = None) -> int:
    """The rate in basis points for a VAT class in a country (ISO code) on a day (default today).

    Raises UnknownVatRate when none is on file.
    """
    day = on or today()
    for rate in _rates():
        if rate.country == country and rate.vat_class == vat_class and rate.valid_from <= day:
            if rate.valid_to is None or day <= rate.valid_to:
                return rate.rate_bp
    raise UnknownVatRate(
        f"no VAT rate for class {vat_class!r} in {country} on {day}; enter it before selling there"
    )
