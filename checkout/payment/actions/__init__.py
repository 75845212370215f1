"""Verbs of money: start, settle, receive, close, refund, dispute, credit."""

from .amend import follow_total, give_surplus_back, refuse_open_card
from .capture import capture, receive_transfer
from .credit import raise_dunning_levels, set_credit, set_limit
from .disputes import note_dispute
from .free import confirm_free
from .invoice_card import NoCardNow, card_for_invoice, close_account_payment
from .refunds import NoAccount, refund_captured, request_refund, send_refund, settle_refund
from .settle import cancel_open, change_method, close_unpaid, settle, start_card_payment
from .store_credit import credit_kept_minor, pay_with_credit, rest_minor
from .waiting import may_wait, wait_longer

__all__ = [
    "NoAccount",
    "NoCardNow",
    "cancel_open",
    "capture",
    "card_for_invoice",
    "change_method",
    "close_account_payment",
    "close_unpaid",
    "confirm_free",
    "credit_kept_minor",
    "follow_total",
    "give_surplus_back",
    "may_wait",
    "note_dispute",
    "pay_with_credit",
    "raise_dunning_levels",
    "receive_transfer",
    "refund_captured",
    "refuse_open_card",
    "request_refund",
    "rest_minor",
    "send_refund",
    "set_credit",
    "set_limit",
    "settle",
    "settle_refund",
    "start_card_payment",
    "wait_longer",
]
