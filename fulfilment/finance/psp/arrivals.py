"""Reconciliation found the line of the bank statement that is a payout (of a negative one: money that left)."""

from __future__ import annotations

import datetime as dt

from .models import Payout


class AlreadyArrived(ValueError):
    """The payout has its line on the bank statement already."""


def arrived(
    *, payout: Payout, on: dt.date, receipt_id: int | None = None, disbursement_id: int | None = None
) -> None:
    """Within the transaction that books (a part of) a line of the bank as this payout: they belong together then.

    receipt_id: money that came; disbursement_id: money that left, for a negative payout. Raises AlreadyArrived when
    another line was faster, ValueError when it goes the other way.
    """
    if (payout.amount_minor > 0) != (receipt_id is not None) or (receipt_id is None) == (
        disbursement_id is None
    ):
        raise ValueError(f"payout {payout.psp_id} of {payout.amount_minor} goes the other way")
    rows = Payout.objects.filter(pk=payout.pk, arrived_on__isnull=True)
    if not rows.update(receipt_id=receipt_id, disbursement_id=disbursement_id, arrived_on=on):
        raise AlreadyArrived(f"payout {payout.psp_id} has arrived before")
    payout.receipt_id, payout.disbursement_id, payout.arrived_on = receipt_id, disbursement_id, on


def undo_arrival(*, receipt_id: int | None = None, disbursement_id: int | None = None) -> None:
    """Within the transaction that reverses that: the payout is open again. Repeating changes nothing."""
    if receipt_id is None and disbursement_id is None:
        raise ValueError("the line of the bank is named")
    line = {"disbursement_id": disbursement_id} if receipt_id is None else {"receipt_id": receipt_id}
    Payout.objects.filter(**line).update(receipt_id=None, disbursement_id=None, arrived_on=None)
