"""What lies in the store where an order is fetched: told by the warehouse, which lies above this room."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from shop.kernel.business_days import is_business_day
from shop.kernel.clock import today


@dataclass(frozen=True)
class Store:
    """Where goods are fetched, and how many pieces of each article (stock record) lie there for sale."""

    name: str
    street: str
    postcode: str
    city: str
    pieces: Mapping[int, int]


_told: list[Callable[[Collection[int]], Store | None]] = []


def register(ask: Callable[[Collection[int]], Store | None]) -> None:
    """The warehouse names the function that knows the store."""
    _told[:] = [ask]


@dataclass(frozen=True)
class Fetching:
    """What the shopper is told about fetching this basket: the store, (title, wanted, lying there) of what is not there
    whole, and the day by which all of it is ready."""

    store: Store
    to_bring: list[tuple[str, int, int]]
    ready_on: dt.date


def fetching(lines: list[Any], *, days_min: int, days_max: int) -> Fetching | None:
    """For basket lines with their stock; None where the warehouse knows of no store.

    What lies there is ready after ``days_min`` working days, the rest after ``days_max``. Pieces promised to others do
    not count.
    """
    store = _told[0]([line.stockrecord_id for line in lines]) if _told and lines else None
    if store is None:
        return None
    to_bring = []
    for line in lines:
        there = min(store.pieces.get(line.stockrecord_id, 0), line.stockrecord.available)
        if there < line.quantity:
            to_bring.append((line.product.title_local, line.quantity, max(0, there)))
    return Fetching(store, to_bring, working_day(today(), days_max if to_bring else days_min))


def working_day(start: dt.date, days: int) -> dt.date:
    """The day so many working days after ``start``; with 0 the first working day from ``start`` on."""
    day = start
    while not is_business_day(day, ""):
        day += dt.timedelta(days=1)
    for _ in range(days):
        day += dt.timedelta(days=1)
        while not is_business_day(day, ""):
            day += dt.timedelta(days=1)
    return day
