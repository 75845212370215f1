"""Verbs of shortages: ask, answer, apply the shop's rule, offer, extend, settle, withdraw."""

from .answering import AlreadyDecided, ShortageError, answer, apply_default, apply_defaults
from .asking import ask_overlooked, note_short, withdraw
from .goods import plan_waiting, refresh_waiting, settle
from .staff import ask_again, extend, may_offer, offer_substitute, set_policy, take_offer_back

__all__ = [
    "AlreadyDecided",
    "ShortageError",
    "answer",
    "apply_default",
    "apply_defaults",
    "ask_again",
    "ask_overlooked",
    "extend",
    "may_offer",
    "note_short",
    "offer_substitute",
    "plan_waiting",
    "refresh_waiting",
    "set_policy",
    "settle",
    "take_offer_back",
    "withdraw",
]
