"""What rooms above add to the page of a product: where it lies, when it arrives.

They register a function here at start, because the catalogue knows nothing of them. Together they may ask once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shown:
    """A variant on the page, as far as others need it."""

    stockrecord_id: int
    colour_code: str
    size: str
    available: int
    backorderable: bool
    selected: bool


Part = Callable[[Sequence[Shown]], dict[str, Any]]
_parts: list[Part] = []


def part(function: Part) -> Part:
    """Register a function: it gets the variants of the page and returns further context."""
    if function not in _parts:
        _parts.append(function)
    return function


def context(variants: Sequence[Shown]) -> dict[str, Any]:
    """What all of them say."""
    found: dict[str, Any] = {}
    for function in _parts:
        found |= function(variants)
    return found
