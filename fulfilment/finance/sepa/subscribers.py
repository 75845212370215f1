"""What lines of the bank tell of our transfers."""

from __future__ import annotations

from typing import Any

from fulfilment.finance.reconciliation.events import TransferMoved
from fulfilment.finance.reconciliation.models import Assignment
from shop.kernel.clock import now
from shop.kernel.outbox import subscribe
from shop.kernel.transactions import retrying

from . import actions
from .models import Transfer, TransferBatch


@subscribe(TransferMoved, "sepa.follow_the_bank")
def follow_the_bank(happened: TransferMoved) -> None:
    """Note on the transfer what the bank's lines say of it now, and on its file. Repeating changes nothing."""
    thing: dict[str, Any] = (
        {"refund_id": happened.refund_id} if happened.refund_id else {"payback_id": happened.payback_id}
    )
    retrying(lambda: _follow(thing))


def _follow(thing: dict[str, Any]) -> None:
    """The assignments are the truth: each transfer that left is one, in their order; events may come late."""
    transfer = Transfer.objects.filter(**thing).exclude(end__in=_NEVER_LEFT).order_by("-pk").first()
    if transfer is None:  # sent by the bank's own means
        return
    batch = TransferBatch.objects.select_for_update().get(pk=transfer.batch_id)
    lines = Assignment.objects.filter(
        kind=Assignment.REFUND, undone_at=None, disbursement__isnull=False, **thing
    )
    standing = lines.filter(came_back=False).exists()
    back = lines.filter(came_back=True, created_at__gte=batch.made_at).order_by("-pk").first()
    if standing or back is None:
        _note(transfer, standing)
    else:
        _note_return(transfer, thing)
    if batch.state == "made" and (standing or back is not None):
        actions.hand_over(batch=batch, by=None, why="seen on the statement")
    actions.settle(batch)


_NEVER_LEFT = (Transfer.CANCELLED, Transfer.REFUSED)


def _note(transfer: Transfer, standing: bool) -> None:
    """It left, or no line says so (any more); that it had come back was taken back."""
    rows = Transfer.objects.filter(pk=transfer.pk)
    rows.filter(is_live=False).update(is_live=True, end="", end_why="", ended_at=None)
    if standing:
        rows.filter(seen_at=None).update(seen_at=now())
    else:
        rows.update(seen_at=None)


def _note_return(transfer: Transfer, thing: dict[str, Any]) -> None:
    """It left and came back."""
    told = (
        Assignment.objects.filter(kind=Assignment.CAME_BACK, undone_at=None, **thing).order_by("-pk").first()
    )
    why = (told.reference or told.why) if told else ""
    Transfer.objects.filter(pk=transfer.pk, is_live=True).update(
        is_live=False,
        end=Transfer.RETURNED,
        end_why=why[:300],
        ended_at=now(),
        seen_at=transfer.seen_at or now(),
    )
