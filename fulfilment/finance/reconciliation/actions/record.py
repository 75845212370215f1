"""Money that came, recorded by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction

from fulfilment.finance.bank.models import TEXT_MAX_CHARS
from fulfilment.finance.ledger.actions import post_many, refuse_closed
from fulfilment.finance.reconciliation.models import Receipt
from fulfilment.finance.reconciliation.taking import person, recorded
from shop.kernel.transactions import retrying


class AlreadyRecorded(ValueError):
    """A receipt with this date and reference is there; carries it."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(
            f"a receipt of {receipt.booked_on} with reference {receipt.reference} was recorded before"
        )
        self.receipt = receipt


def record(
    *,
    booked_on: dt.date,
    amount_minor: int,
    reference: str,
    payer: str = "",
    payer_iban: str = "",
    text: str = "",
    currency: str = "EUR",
    by: Any = None,
) -> Receipt:
    """Record a bank receipt by hand; it is unexplained until it is assigned.

    booked_on and reference are those of the statement and unique together: typing it twice raises AlreadyRecorded.
    amount_minor: positive minor units. Raises PeriodClosed, ValueError.
    """
    if amount_minor <= 0:
        raise ValueError("a receipt is more than zero")
    if not reference.strip():
        raise ValueError("a receipt needs the reference on the statement")
    refuse_closed(booked_on)

    def work() -> Receipt:
        receipt = Receipt.objects.create(
            booked_on=booked_on,
            amount_minor=amount_minor,
            currency=currency,
            payer=payer.strip()[:140],
            payer_iban="".join(payer_iban.split())[:34].upper(),
            text=text.strip()[:TEXT_MAX_CHARS],
            reference=reference.strip()[:80],
            recorded_by=person(by),
        )
        post_many(entries=[recorded(receipt)], by=by)
        return receipt

    def guarded() -> Receipt:
        with transaction.atomic():  # the caller's transaction survives a refused double
            return work()

    try:
        return retrying(guarded)
    except IntegrityError:
        known = (
            Receipt.objects.filter(booked_on=booked_on, reference=reference.strip()[:80], line=None)
            .exclude(state="withdrawn")
            .first()
        )
        if known is None:
            raise
        raise AlreadyRecorded(known) from None
