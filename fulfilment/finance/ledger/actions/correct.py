"""Reverse an entry by hand: only what a person wrote. What belongs to a document or a payment is corrected there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.finance.ledger.models import Entry

from .days import LedgerError, refuse_closed
from .posting import reverse

BY_HAND = ("manual", "opening_balance")
_DOCUMENT = gettext_lazy(
    "This entry belongs to a document: cancel or credit the document, and the books follow."
)
_PAYMENT = gettext_lazy(
    "This entry belongs to a payment: refund or clear up the payment, and the books follow."
)
_BANK = gettext_lazy(
    "This entry belongs to a line of the bank: undo its assignment there, and the books follow."
)
_GOODS = gettext_lazy("This entry belongs to goods: a count or taking back the receipt of goods corrects it.")
_CLAIM = gettext_lazy("This entry belongs to a claim: it is corrected at the invoice.")
_ELSEWHERE = gettext_lazy("This entry was made by the house itself: it is corrected where it came from.")
#: By kind of entry: where it is corrected instead.
WHERE = {
    **dict.fromkeys(("invoice_issued", "credit_note_issued"), _DOCUMENT),
    **dict.fromkeys(("card_captured", "refund_succeeded", "payment_disputed", "provider_fee"), _PAYMENT),
    **dict.fromkeys(
        (
            "receipt_recorded", "receipt_assigned", "receipt_explained", "disbursement_recorded",
            "disbursement_explained", "money_unmatched", "payout_arrived", "charges_withheld",
            "exchange_difference", "rounding_difference", "dunning_costs_paid",
        ),
        _BANK,
    ),
    **dict.fromkeys(
        (
            "goods_dispatched", "goods_received", "stock_opened", "goods_returned", "goods_scrapped",
            "stock_difference", "transfer_difference",
        ),
        _GOODS,
    ),
    **dict.fromkeys(("written_off", "write_off_recovered"), _CLAIM),
}  # fmt: skip


def why_not(entry: Entry) -> str:
    """Why this entry is not reversed by hand, in words for people; "" when it may be."""
    if entry.posted_at is None:
        return _("A draft is not reversed.")
    if getattr(entry, "reversed_by", None) is not None:
        return _("This entry was reversed.")
    if entry.reverses_id:
        return _("A reversal is not reversed again; write the entry anew.")
    return "" if entry.kind in BY_HAND else str(WHERE.get(entry.kind, _ELSEWHERE))


def reverse_by_hand(*, entry: Entry, why: str, booked_on: dt.date, by: Any) -> Entry:
    """Reverse what a person wrote, on an open day. A double click returns the reversal. Raises LedgerError in words,
    PeriodClosed."""
    if not why.strip():
        raise LedgerError(_("Please say why."))
    if getattr(entry, "reversed_by", None) is not None:
        return entry.reversed_by
    reason = why_not(entry)
    if reason:
        raise LedgerError(reason)
    if booked_on < entry.booked_on:
        raise LedgerError(_("A reversal is not booked before its entry."))
    refuse_closed(booked_on)
    return reverse(entry=entry, why=why.strip(), by=by, booked_on=booked_on, only_on_its_day=True)
