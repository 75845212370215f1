"""Verbs of reconciliation. Each is one transaction with its postings."""

from fulfilment.finance.reconciliation.taking import NotEnoughLeft

from .ask import AskedMeanwhile, ask_payer
from .assign import TOLERANCE_MINOR, WrongMoney, assign, assign_dunning_costs, capture_when_complete
from .came_back import SentAnew, open_again, transfer_came_back
from .disburse import explain_refund, record_disbursement, return_payment, withdraw_disbursement
from .explain import explain, explain_payout, give_back, note
from .intake import link, take_back_replaced, take_in, unlink
from .learn import forget, learn_account, learn_payer
from .record import AlreadyRecorded, record
from .undo import reopen, undo, withdraw

__all__ = [
    "TOLERANCE_MINOR", "AlreadyRecorded", "AskedMeanwhile", "NotEnoughLeft", "SentAnew", "WrongMoney",
    "ask_payer", "assign", "assign_dunning_costs", "capture_when_complete", "explain", "explain_payout",
    "explain_refund", "forget", "give_back", "learn_account", "learn_payer", "link", "note", "open_again",
    "record", "record_disbursement", "reopen", "return_payment", "take_back_replaced", "take_in",
    "transfer_came_back", "undo", "unlink", "withdraw", "withdraw_disbursement",
]  # fmt: skip
