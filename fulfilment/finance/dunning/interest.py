"""Default interest, § 288 BGB: base rate plus points, day-exact, actual/365, over the half-years' base rates.

No interest on interest (§ 289 BGB): only the principal bears it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

DAYS_OF_YEAR = 365
RATE_WHOLE_BP = 10_000


class NoBaseRate(LookupError):
    """No base rate is on file for a day; enter it before charging interest."""


@dataclass(frozen=True)
class Segment:
    """Days of one principal and one rate: the first day counted, the last day counted, amounts in minor units."""

    first: dt.date
    last: dt.date
    principal_minor: int
    rate_bp: int

    @property
    def days(self) -> int:
        """Days counted, both ends included."""
        return (self.last - self.first).days + 1

    @property
    def weight(self) -> int:
        """principal x rate x days: interest before the one division at the end."""
        return self.principal_minor * self.rate_bp * self.days


def segments(
    *,
    principal: Sequence[tuple[dt.date, int]],
    first: dt.date,
    last: dt.date,
    base_rates: Sequence[tuple[dt.date, int]],
    points_bp: int,
) -> list[Segment]:
    """Cut ``first`` to ``last`` (both included) wherever the base rate or the principal changes.

    ``principal``: (from day, amount in minor units); ``base_rates``: (from day, basis points, may be negative).
    A rate below zero charges nothing. Raises NoBaseRate when a day has no base rate.
    """
    if last < first:
        return []
    cuts = {first}
    cuts |= {day for day, _ in principal if first < day <= last}
    cuts |= {day for day, _ in base_rates if first < day <= last}
    starts = sorted(cuts)
    found = []
    for start, following in zip(starts, [*starts[1:], last + dt.timedelta(days=1)], strict=True):
        amount = _on(principal, start)
        base = _on(base_rates, start)
        if base is None:
            raise NoBaseRate(f"no base rate (§ 247 BGB) is on file for {start}")
        rate = max(0, base + points_bp)
        if amount:
            found.append(Segment(start, following - dt.timedelta(days=1), amount, rate))
    return found


def interest_minor(parts: Sequence[Segment]) -> int:
    """The interest of all segments, divided and rounded once (half up), in minor units."""
    whole = DAYS_OF_YEAR * RATE_WHOLE_BP
    return (2 * sum(part.weight for part in parts) + whole) // (2 * whole)


def _on(steps: Sequence[tuple[dt.date, int]], day: dt.date) -> int | None:
    best: tuple[dt.date, int] | None = None
    for start, value in steps:
        if start <= day and (best is None or start >= best[0]):
            best = (start, value)
    return best[1] if best else None
