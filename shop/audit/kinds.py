"""Whose data a page shows: kinds of things with a person behind them. Rooms above register theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Account (None for guests) and e-mail address ("" when none is known).
Person = tuple[int | None, str]


def nobody(key: str) -> Person | None:
    """For things of which only the number says whose they are."""
    return None


@dataclass(frozen=True)
class Kind:
    """One kind of thing that is somebody's.

    name: "order", stored in the log, never renamed; title: what people call it, lazily translated; url_name: its page
    ("" for none); part: the part of the address that names it; person(key): whose it is, None when it is not there.
    """

    name: str
    title: Any
    url_name: str = ""
    part: str = "pk"
    person: Callable[[str], Person | None] = nobody


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known. Raises ValueError when two rooms mean different things by one name."""
    known = _KINDS.get(kind.name)
    if known is not None and known != kind:
        raise ValueError(f"two kinds of the access log are named {kind.name!r}")
    _KINDS[kind.name] = kind


def kind(name: str) -> Kind | None:
    """The kind of this name; None for one that no room has (any more)."""
    return _KINDS.get(name)


def kinds() -> list[Kind]:
    """Every kind, in the order of their names."""
    return [_KINDS[name] for name in sorted(_KINDS)]
