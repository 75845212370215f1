"""Verbs of dunning."""

from .hold import hold_customer, hold_invoice, lift_hold
from .run import Result, level_of, run, send_letter
from .waive import waive

__all__ = ["Result", "hold_customer", "hold_invoice", "level_of", "lift_hold", "run", "send_letter", "waive"]
