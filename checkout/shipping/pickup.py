"""What lies in the store where an order is fetched: told by the warehouse, which lies above this room."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from shop.kernel.business_days import GERMAN_STATES, is_business_day
from shop.kernel.clock import today


@dataclass(frozen=True)
class Store:
    """Where goods are fetched, and how many pieces of each article (stock record) lie there for sale."""

    name: str
    street: str
    postcode: str
    city: str
    pieces: Mapping[int, int]

    @property
    def address(self) -> list[str]:
        """Name, street, postcode and town line by line, as far as the warehouse knows them."""
        return [row for row in (self.name, self.street, f"{self.postcode} {self.city}".strip()) if row]


_told: list[Callable[[Collection[int]], Store | None]] = []


def register(ask: Callable[[Collection[int]], Store | None]) -> None:
    """The warehouse names the function that knows the store."""
    _told[:] = [ask]


_days: list[Callable[[], dt.date | None]] = []


def register_day(ask: Callable[[], dt.date | None]) -> None:
    """The warehouse names the function that knows the day on which an order of this moment is picked for the store; it
    answers None where nobody wrote down when."""
    _days[:] = [ask]


@dataclass(frozen=True)
class Fetching:
    """What the shopper is told about fetching this basket: the store, (title, wanted, lying there) of what is not there
    whole, and the day by which all of it is ready."""

    store: Store
    to_bring: list[tuple[str, int, int]]
    ready_on: dt.date


def fetching(lines: list[Any], *, days_min: int, days_max: int) -> Fetching | None:
    """For basket lines with their stock; None where the warehouse knows of no store.

    What lies there is ready ``days_min`` working days after the day on which it is picked, the rest after ``days_max``:
    what is ordered after the store's last cut-off is picked on a later day. Pieces promised to others do
    not count.
    """
    found = _told[0]([line.stockrecord_id for line in lines]) if _told and lines else None
    if found is None:
        return None
    to_bring = []
    for line in lines:
        there = min(found.pieces.get(line.stockrecord_id, 0), line.stockrecord.available)
        if there < line.quantity:
            to_bring.append((line.product.title_local, line.quantity, max(0, there)))
    start = (_days[0]() if _days else None) or today()
    return Fetching(found, to_bring, working_day(start, days_max if to_bring else days_min))


def store() -> Store | None:
    """Where orders are fetched, without what lies there; None where the warehouse knows of no store. One query,
    none while it is remembered."""
    return _told[0](()) if _told else None


def working_day(start: dt.date, days: int) -> dt.date:
    """The day so many working days after ``start``; with 0 the first working day from ``start`` on. A holiday anywhere
    in Germany is none, as where a parcel is promised: rather a day late than a closed door."""
    day = start
    while not _is_working(day):
        day += dt.timedelta(days=1)
    for _ in range(days):
        day += dt.timedelta(days=1)
        while not _is_working(day):
            day += dt.timedelta(days=1)
    return day


def _is_working(day: dt.date) -> bool:
    return all(is_business_day(day, state) for state in GERMAN_STATES)
