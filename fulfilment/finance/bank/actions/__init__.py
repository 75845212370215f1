"""Verbs of the room: take a file, read it, read it again; keep accounts and mappings."""

from .accounts import AccountTaken, save_account, save_mapping
from .reading import read, read_waiting
from .taking import read_again, refuse_size, take_file

__all__ = [
    "AccountTaken",
    "read",
    "read_again",
    "read_waiting",
    "refuse_size",
    "save_account",
    "save_mapping",
    "take_file",
]
