"""The days an export is of, one moment of the books for all its tables, and what its look-up tables must explain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from fulfilment.finance.ledger.models import EntryLine, Period

CHUNK_RECORDS = 5_000


@dataclass(slots=True)
class Stretch:
    """Whole months, and what was met while their tables were written: kinds of entries, VAT (country, rate in basis
    points), VAT categories. The look-up tables come last and hold what was met, nothing else."""

    first: dt.date
    last: dt.date
    kinds: set[str] = field(default_factory=set)
    rates: set[tuple[str, int]] = field(default_factory=set)
    categories: set[str] = field(default_factory=set)

    def vat_key(self, country: str, rate_bp: int | None) -> str:
        """The key of a VAT country and rate, noted for its look-up table; "" without a rate."""
        if rate_bp is None:
            return ""
        self.rates.add((country, rate_bp))
        return vat_key(country, rate_bp)

    def currencies(self) -> list[str]:
        """The currencies posted in until the last day. One query."""
        until = EntryLine.objects.filter(entry__posted_at__isnull=False, entry__booked_on__lte=self.last)
        return sorted(until.order_by().values_list("currency", flat=True).distinct())

    def closed_at(self) -> dt.datetime | None:
        """When the last of these months was closed for ever; None while one of them may still be posted into."""
        hard = Period.objects.filter(state="hard", first_day__lte=self.last, last_day__gte=self.first)
        periods = list(hard.order_by("first_day").values_list("first_day", "last_day", "closed_at"))
        following = self.first
        for first_day, last_day, _at in periods:
            if first_day > following:
                return None
            following = max(following, last_day + dt.timedelta(days=1))
        moments = [at for _first, _last, at in periods if at is not None]
        return max(moments) if moments and following > self.last else None


def vat_key(country: str, rate_bp: int) -> str:
    """``DE-1900`` for 19 % in Germany."""
    return f"{country}-{rate_bp}"


def records(sql: str, values: Sequence[Any]) -> Iterator[Any]:
    """The records of a statement, read in chunks; on PostgreSQL from a cursor of the server."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, list(values))
        while found := cursor.fetchmany(CHUNK_RECORDS):
            yield from found
