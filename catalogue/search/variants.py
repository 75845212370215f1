"""Variants as terms: a product carries a term for each combination of what one of its variants is.

``v_cs`` holds colour and size of each variant, ``v_cso`` also why it may be on offer, and so on: 31 fields. A filter by
colour and size is then one look-up that cannot mix two variants, and counts are exact without joining anything.

Why it may be on offer: it is reduced, or in the range of a campaign (catalogue/campaigns.py). Which campaigns run is
asked with the question, so that one begins and ends to the second and no entry is written anew for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product

from catalogue.filters import PRICE_BANDS

#: The parts, in the order in which they stand in a term; each by the letter it has in the name of a field.
PARTS = {"colour": "c", "size": "s", "price": "p", "available": "a", "offer": "o"}
SETS: tuple[tuple[str, ...], ...] = tuple(
    chosen for n in range(1, len(PARTS) + 1) for chosen in combinations(PARTS, n)
)
BETWEEN = "\x1f"
REDUCED = "1"  #: the value of ``offer`` where the price is reduced
COMBINATIONS_MAX = 2_000  #: values chosen in all filters together, multiplied; beyond it the database answers


@dataclass(frozen=True)
class Variant:
    """What may be wished of a variant."""

    colour: str
    size: str
    price_minor: int
    available: bool
    reduced: bool
    ranges: frozenset[int] = frozenset()  #: those of campaigns

    def parts(self) -> dict[str, tuple[str, ...]]:
        """The values of each part; none where it has none."""
        each = {
            "colour": (self.colour,),
            "size": (self.size,),
            "price": (band_of(self.price_minor),),
            "available": ("1" if self.available else "",),
            "offer": (REDUCED if self.reduced else "", *(in_range(pk) for pk in self.ranges)),
        }
        return {part: tuple(value for value in values if value) for part, values in each.items()}


def in_range(range_id: int) -> str:
    """The value of ``offer`` of what is in the range of a campaign."""
    return f"r{range_id}"


def on_offer(range_ids: Iterable[int]) -> frozenset[str]:
    """The values of ``offer`` that put something on offer while campaigns with these ranges run."""
    return frozenset({REDUCED, *(in_range(pk) for pk in range_ids)})


def band_of(minor: int) -> str:
    """The band of the price filter that a price falls into."""
    return next(
        name for name, (low, high) in PRICE_BANDS.items() if low <= minor and (high is None or minor < high)
    )


def field_of(parts: Iterable[str]) -> str:
    """The name of the field with the terms of these parts."""
    letters = {PARTS[part] for part in parts}
    return "v_" + "".join(letter for letter in PARTS.values() if letter in letters)


FIELDS = tuple(field_of(chosen) for chosen in SETS)


def terms(variants: Iterable[Variant]) -> dict[str, tuple[str, ...]]:
    """All fields of a product."""
    found: dict[str, set[str]] = {name: set() for name in FIELDS}
    for variant in variants:
        parts = variant.parts()
        for chosen, name in zip(SETS, FIELDS, strict=True):
            found[name].update(BETWEEN.join(one) for one in product(*(parts[part] for part in chosen)))
    return {name: tuple(sorted(values)) for name, values in found.items() if values}


def joined(wishes: Mapping[str, Iterable[str]]) -> tuple[str, tuple[str, ...]]:
    """Field and terms that fulfil wishes of one variant: ``{"colour": {"navy"}, "size": {"41", "42"}}``."""
    chosen = [part for part in PARTS if part in wishes]
    values = product(*(sorted(wishes[part]) for part in chosen))
    return field_of(chosen), tuple(BETWEEN.join(one) for one in values)
