"""Transfers that left together and that the bank may book in one sum. The room above that keeps them registers here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Together:
    """Transfers that the bank may book in one sum (minor units). number: what the file carries. parts: (target, amount,
    what people know it by), the target as in ``matching.items``."""

    key: str
    number: str
    amount_minor: int
    currency: str
    parts: tuple[tuple[str, int, str], ...]


Source = Callable[[set[int] | None], Iterable[Together]]
_SOURCES: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Ask ``source`` (amounts, None for all -> what is on its way together) whenever lines are matched; once per
    name."""
    _SOURCES[name] = source


def on_their_way(amounts: set[int] | None) -> list[Together]:
    """What left together and no line has told yet. amounts: only these sums."""
    return [one for source in _SOURCES.values() for one in source(amounts)]
