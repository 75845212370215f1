"""How far a site is from where the goods go: a small table of our own, rounded to a tenth of a degree."""

from __future__ import annotations

import csv
import math
from functools import lru_cache
from pathlib import Path

PLACES = Path(__file__).parent / "data" / "places.csv"
EARTH_RADIUS_KM = 6371
Place = tuple[float, float]  #: latitude, longitude in degrees


def place_of(country: str, postcode: str) -> Place | None:
    """Where an address lies: its German postcode region, else the centre of its country, else None."""
    digits = "".join(char for char in postcode if char.isdigit())
    table = _table()
    return table.get((country, digits[:2])) or table.get((country, ""))


def distance_km(one: Place | None, other: Place | None) -> int | None:
    """Great-circle distance in whole kilometres; None when one of the places is not known."""
    if one is None or other is None:
        return None
    (lat1, lon1), (lat2, lon2) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return round(2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half))))


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], Place]:
    with PLACES.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            (row["country"], row["region"]): (float(row["latitude"]), float(row["longitude"])) for row in rows
        }
