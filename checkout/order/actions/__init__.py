"""Verbs of the order's life."""

from .amend import cancel_pieces, replace_pieces
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
    "cancel_pieces",
    "confirm",
    "hold",
    "note_dispatch",
    "note_return",
    "place",
    "release_hold",
    "replace_pieces",
    "start_fulfilment",
    "undo_return",
]
