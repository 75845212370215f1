"""Verbs of the order's life."""

from .life import cancel, confirm, hold, note_dispatch, release_hold, start_fulfilment
from .place import (
    BasketChanged,
    BasketGone,
    Contact,
    Placement,
    PriceChanged,
    place,
)

__all__ = [
    "BasketChanged",
    "BasketGone",
    "Contact",
    "Placement",
    "PriceChanged",
    "cancel",
    "confirm",
    "hold",
    "note_dispatch",
    "place",
    "release_hold",
    "start_fulfilment",
]
