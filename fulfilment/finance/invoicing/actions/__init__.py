"""Verbs of invoicing."""

from .book import book_capture, book_dispute, book_dispute_won, book_moved_along, book_refund
from .correct import AlreadyCancelled, CreditTooLarge, GivenUp, cancel_invoice, credit_note
from .hold import hold, release_hold
from .issue import issue_for_parcel
from .push import push_credit
from .replace import BUYER_PARTS, Correction, NotReplaced, Replaced, replace_invoice

__all__ = [
    "BUYER_PARTS",
    "AlreadyCancelled",
    "Correction",
    "CreditTooLarge",
    "GivenUp",
    "NotReplaced",
    "Replaced",
    "book_capture",
    "book_dispute",
    "book_dispute_won",
    "book_moved_along",
    "book_refund",
    "cancel_invoice",
    "credit_note",
    "hold",
    "issue_for_parcel",
    "push_credit",
    "release_hold",
    "replace_invoice",
]
