"""Verbs of the order's life."""

from .life import (
    cancel,
    confirm,
    hold,
    note_dispatch,
    note_return,
    release_hold,
    start_fulfilment,
    undo_return,
)
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
    "note_return",
    "place",
    "release_hold",
    "start_fulfilment",
    "undo_return",
]
