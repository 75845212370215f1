"""Asking for an export, which fixes what it holds, making its file, giving up what cannot be made, and
withdrawing batches. The only writers of this room."""

from .asking import Refused, ask_for_datev, ask_for_journal, ask_for_z3
from .making import file_name, make, make_waiting, write
from .mending import NoBatch, again, fetched, give_up, withdraw

__all__ = [
    "NoBatch", "Refused", "again", "ask_for_datev", "ask_for_journal", "ask_for_z3", "fetched", "file_name", "give_up",
    "make", "make_waiting", "withdraw", "write",
]  # fmt: skip
