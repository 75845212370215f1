"""What is planned to be taken from a bin. Rooms above know it; they say here who can be asked (``tells``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlannedTake:
    """Pieces of a SKU that somebody will fetch from a bin, and the page of the walk on which it happens."""

    sku: str
    stockrecord_id: int
    quantity: int
    what_for: str
    url: str = ""


Reader = Callable[[int], list[PlannedTake]]
_readers: dict[str, Reader] = {}


def tells(name: str, reader: Reader) -> None:
    """Register a reader under a name (again: it takes the place of the first). Given a bin's id it answers with one
    query, the next take first."""
    _readers[name] = reader


def planned_takes(bin_id: int) -> list[PlannedTake]:
    """Everything that is planned to be taken from a bin; one query per room that plans."""
    return [take for reader in _readers.values() for take in reader(bin_id)]
