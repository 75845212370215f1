"""Verbs of the room; each is one transaction, and names who did it (``by``)."""

from .desk import (
    assign,
    close,
    decide,
    reopen,
    save_policy,
    see_writing,
    set_order,
    set_priority,
    stop_writing,
)
from .opening import CaseRefused, open_case
from .thread import SomebodyWrote, answer, note, note_mail, settle, write

__all__ = [
    "CaseRefused",
    "SomebodyWrote",
    "answer",
    "assign",
    "close",
    "decide",
    "note",
    "note_mail",
    "open_case",
    "reopen",
    "save_policy",
    "see_writing",
    "set_order",
    "set_priority",
    "settle",
    "stop_writing",
    "write",
]
