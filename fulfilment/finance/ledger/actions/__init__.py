"""The only writers of the ledger."""

from .accounts import WrongAccount, add_account, free_number_after, put_away, rename_account, take_back
from .bulk import NewEntry, post_many
from .correct import reverse_by_hand, waiting_reversal, why_not
from .days import LedgerError, PeriodClosed, next_open_day, refuse_closed, state_of
from .manual import Manual, ManualLine, enter
from .openings import Opening, check_openings, open_balances
from .periods import CannotClose, close_month, month_of, reopen_month
from .posting import post, reverse
from .seal import TooEarly, seal

__all__ = [
    "CannotClose", "LedgerError", "Manual", "ManualLine", "NewEntry", "Opening", "PeriodClosed", "TooEarly",
    "WrongAccount", "add_account", "check_openings", "close_month", "enter", "free_number_after", "month_of",
    "next_open_day", "open_balances", "post", "post_many", "put_away", "refuse_closed", "rename_account",
    "reopen_month", "reverse", "reverse_by_hand", "seal", "state_of", "take_back", "waiting_reversal",
    "why_not",
]  # fmt: skip
