"""Verbs of the returns dock."""

from .announce import (
    announce,
    authorise,
    call_off,
    expire,
    expire_late,
    note_on_its_way,
    note_tracking,
    open_at_dock,
    reject,
)
from .dock import DockError, NotOfThisOrder, book, finish, last_booking, record_wrong, undo_last
from .give_back import give_back
from .settle import decide

__all__ = [
    "DockError",
    "NotOfThisOrder",
    "announce",
    "authorise",
    "book",
    "call_off",
    "decide",
    "expire",
    "expire_late",
    "finish",
    "give_back",
    "last_booking",
    "note_on_its_way",
    "note_tracking",
    "open_at_dock",
    "record_wrong",
    "reject",
    "undo_last",
]
