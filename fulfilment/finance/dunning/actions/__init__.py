"""Verbs of dunning."""

from .card import card_payment, close_when_paid, pay_claims_again, pay_claims_by_card, reopen_claims
from .claims import (
    CannotPay,
    Split,
    open_claims,
    open_claims_minor,
    open_parts,
    pay_claims,
    pay_invoice_and_claims,
    split_payment,
    unpay_claims,
)
from .handover import CannotHandOver, hand_over, ready, take_back
from .hold import hold_customer, hold_invoice, lift_hold
from .levels import level_of
from .limits import override_limit, reckon_limit
from .promise import CannotPromise, promise, see_promises, see_promises_of, still_open_minor, withdraw_promise
from .run import Result, run
from .tell import tell
from .waive import waive
from .write_off import (
    CannotWriteOff,
    ask_or_write_off,
    lost_minor,
    recover,
    undo_recovery,
    undo_write_off,
    write_off,
)

__all__ = [
    "CannotHandOver", "CannotPay", "CannotPromise", "CannotWriteOff", "Result", "Split", "ask_or_write_off",
    "card_payment", "close_when_paid", "hand_over", "hold_customer", "hold_invoice", "level_of",
    "lift_hold", "lost_minor", "open_claims", "open_claims_minor", "open_parts", "override_limit",
    "pay_claims", "pay_claims_again", "pay_claims_by_card", "pay_invoice_and_claims", "promise", "ready",
    "reckon_limit", "recover", "reopen_claims", "run", "see_promises", "see_promises_of", "split_payment",
    "still_open_minor", "take_back", "tell", "undo_recovery", "undo_write_off", "unpay_claims", "waive",
    "withdraw_promise", "write_off",
]  # fmt: skip
