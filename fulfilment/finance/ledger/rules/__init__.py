"""The shop's bookkeeping: one pure function per event, event in, lines out. Reading this is reading the books.

Amounts are whole minor units. Accounts are named by role; the chart gives them numbers. The table behind it is
design/money.md; the worked examples an accountant can read are in tests/fulfilment/finance/ledger/test_rules.py.
"""

from __future__ import annotations

from fulfilment.finance.ledger.postings import swapped

from .goods import (
    goods_dispatched,
    goods_received,
    goods_replaced,
    goods_returned,
    goods_scrapped,
    stock_difference,
    stock_opened,
)
from .money import (
    card_captured,
    cash_difference,
    charges_withheld,
    claims_given_back,
    credit_moved_along,
    credit_spent,
    disbursement_explained,
    disbursement_recorded,
    dispute_won,
    dunning_costs_paid,
    exchange_difference,
    money_unmatched,
    payment_disputed,
    payment_returned,
    payout_arrived,
    payout_taken,
    provider_fee,
    receipt_assigned,
    receipt_explained,
    receipt_recorded,
    refund_succeeded,
    refunded_to_credit,
    rounding_difference,
    transfer_came_back,
)
from .sales import (
    HOME,
    TaxShare,
    cash_sale,
    credit_note_issued,
    gift_card_sold,
    gift_card_used,
    invoice_issued,
    write_off_recovered,
    written_off,
)

__all__ = [
    "HOME", "TaxShare", "card_captured", "cash_difference", "cash_sale", "charges_withheld",
    "claims_given_back", "credit_moved_along", "credit_note_issued", "credit_spent",
    "disbursement_explained", "disbursement_recorded", "dispute_won", "dunning_costs_paid",
    "exchange_difference", "gift_card_sold", "gift_card_used", "goods_dispatched", "goods_received",
    "goods_replaced", "goods_returned", "goods_scrapped", "invoice_issued", "money_unmatched",
    "payment_disputed", "payment_returned", "payout_arrived", "payout_taken", "provider_fee",
    "receipt_assigned", "receipt_explained", "receipt_recorded", "refund_succeeded",
    "refunded_to_credit", "rounding_difference", "stock_difference", "stock_opened", "swapped",
    "transfer_came_back", "write_off_recovered", "written_off",
]  # fmt: skip
