"""The only writers of the ledger."""

from .bulk import NewEntry, post_many
from .days import LedgerError, PeriodClosed, next_open_day, refuse_closed, state_of
from .periods import CannotClose, close_month, month_of, reopen_month
from .posting import post, reverse
from .seal import TooEarly, seal

__all__ = [
    "CannotClose", "LedgerError", "NewEntry", "PeriodClosed", "TooEarly", "close_month", "month_of", "next_open_day",
    "post", "post_many", "refuse_closed", "reopen_month", "reverse", "seal", "state_of",
]  # fmt: skip
