"""Reverse an entry by hand: only what a person wrote, above the limit of manual entries by two people. What belongs to
a document or a payment is corrected there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.finance.ledger.models import Entry
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from shop.ui.numbers import money_text

from .days import LedgerError, refuse_closed
from .manual import KIND
from .posting import reverse

KEY_PREFIX = "reversal:"  #: a request for approval that is about a reversal

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
    **dict.fromkeys(
        ("card_captured", "refund_succeeded", "payment_disputed", "provider_fee", "refunded_to_credit", "credit_spent"),
        _PAYMENT,
    ),
    "credit_moved_along": _ELSEWHERE,
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


def amount_minor(entry: Entry) -> int:
    """What the limit counts: the debits. One query unless the lines are there."""
    return sum(line.debit_minor for line in entry.lines.all())


def reverse_by_hand(
    *, entry: Entry, why: str, booked_on: dt.date, by: Any
) -> tuple[Entry | None, Approval | None]:
    """Reverse what a person wrote, on an open day, or above the limit of ``by`` (that of manual entries) ask for a
    second person: undoing an entry moves as much as writing it. A double click returns the reversal, or the request.

    Returns the reversal, or the request that waits. Raises LedgerError in words, PeriodClosed.
    """
    if getattr(entry, "reversed_by", None) is not None:
        return entry.reversed_by, None
    _check(entry, why, booked_on)
    amount = amount_minor(entry)
    if not approvals.needed(kind_name=KIND, amount_minor=amount, by=by):
        return write_reversal(entry=entry, why=why, booked_on=booked_on, by=by), None
    request, _new = approvals.ask(
        kind_name=KIND,
        key=f"{KEY_PREFIX}{entry.pk}",
        title=_("Reversal of entry %(id)d: %(text)s") % {"id": entry.pk, "text": entry.text},
        amount_minor=amount,
        facts={"entry": entry.pk, "booked_on": booked_on.isoformat(), "why": why.strip()},
        consequences=[_sentence(line) for line in entry.lines.select_related("account").order_by("pk")],
        reason=why,
        by=by,
    )
    return None, request


def write_reversal(*, entry: Entry, why: str, booked_on: dt.date, by: Any) -> Entry:
    """Post the reversal. The limit was asked before. Raises LedgerError, PeriodClosed."""
    if getattr(entry, "reversed_by", None) is not None:
        raise LedgerError(_("This entry was reversed."))
    _check(entry, why, booked_on)
    return reverse(entry=entry, why=why.strip(), by=by, booked_on=booked_on, only_on_its_day=True)


def waiting_reversal(entry: Entry) -> Approval | None:
    """The request to reverse it that waits for a second person."""
    return Approval.objects.filter(kind=KIND, key=f"{KEY_PREFIX}{entry.pk}", state="waiting").first()


def _check(entry: Entry, why: str, booked_on: dt.date) -> None:
    if not why.strip():
        raise LedgerError(_("Please say why."))
    reason = why_not(entry)
    if reason:
        raise LedgerError(reason)
    if booked_on < entry.booked_on:
        raise LedgerError(_("A reversal is not booked before its entry."))
    refuse_closed(booked_on)


def _sentence(line: Any) -> str:
    """What will be posted for a line: its other side."""
    amount = money_text(line.debit_minor or line.credit_minor, line.currency)
    text = _("Debit %(account)s %(amount)s") if line.credit_minor else _("Credit %(account)s %(amount)s")
    return text % {"account": str(line.account), "amount": amount}
