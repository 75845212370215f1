"""Verbs of money: start, settle, receive, close, refund, dispute, credit."""

from .amend import follow_total, give_surplus_back, refuse_open_card
from .capture import capture, receive_transfer
from .credit import set_credit
from .disputes import note_dispute
from .refunds import refund_captured, request_refund, send_refund, settle_refund
from .settle import cancel_open, change_method, close_unpaid, settle, start_card_payment

__all__ = [
    "cancel_open",
    "capture",
    "change_method",
    "close_unpaid",
    "follow_total",
    "give_surplus_back",
    "note_dispute",
    "receive_transfer",
    "refund_captured",
    "refuse_open_card",
    "request_refund",
    "send_refund",
    "set_credit",
    "settle",
    "settle_refund",
    "start_card_payment",
]
