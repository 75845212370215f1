"""Verbs of the order's life."""

from .address import AddressNotCorrected, address_parts, correct_address, take_back_carrier_contact
from .amend import cancel_pieces, replace_pieces
from .amend_more import dearer
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
    CreditChanged,
    KeepsTooMuch,
    Placement,
    PriceChanged,
    place,
)
from .replacement import Asked, NotReplaceable, place_replacement, replaceable_pieces

__all__ = [
    "AddressNotCorrected",
    "Asked",
    "BasketChanged",
    "BasketGone",
    "Contact",
    "CreditChanged",
    "KeepsTooMuch",
    "NotReplaceable",
    "Placement",
    "PriceChanged",
    "address_parts",
    "cancel",
    "cancel_pieces",
    "confirm",
    "correct_address",
    "dearer",
    "hold",
    "note_dispatch",
    "note_return",
    "place",
    "place_replacement",
    "release_hold",
    "replace_pieces",
    "replaceable_pieces",
    "start_fulfilment",
    "take_back_carrier_contact",
    "undo_return",
]
