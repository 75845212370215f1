"""Reconciliation found the line of the bank statement that is a payout."""

from __future__ import annotations

import datetime as dt

from .models import Payout


class AlreadyArrived(ValueError):
    """The payout has its line on the bank statement already."""


def arrived(*, payout: Payout, receipt_id: int, on: dt.date) -> None:
    """Within the transaction that books (a part of) a receipt as this payout: they belong together from now on.

    Raises AlreadyArrived when another receipt was faster.
    """
    rows = Payout.objects.filter(pk=payout.pk, receipt_id__isnull=True)
    if not rows.update(receipt_id=receipt_id, arrived_on=on):
        raise AlreadyArrived(f"payout {payout.psp_id} has arrived before")
    payout.receipt_id, payout.arrived_on = receipt_id, on


def undo_arrival(*, receipt_id: int) -> None:
    """Within the transaction that reverses that: the payout is open again. Repeating changes nothing."""
    Payout.objects.filter(receipt_id=receipt_id).update(receipt_id=None, arrived_on=None)
