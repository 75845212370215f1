"""A transfer of ours that left and that its bank sent back: the refund (or the payback) is to be sent once more."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from checkout.payment.actions.refunds import fail, send_again, succeed
from checkout.payment.models import Refund
from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.postings import order_subject, receipt_subject
from fulfilment.finance.reconciliation.events import TransferMoved
from fulfilment.finance.reconciliation.ids import end_to_end_ids
from fulfilment.finance.reconciliation.models import Assignment, PayBack, Receipt
from fulfilment.finance.reconciliation.taking import person, take
from shop.kernel import outbox
from shop.kernel.clock import now
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .assign import WrongMoney
from .explain import book


class SentAnew(ValueError):
    """The transfer that came back is on its way once more: that it came back cannot be undone any more."""


def transfer_came_back(
    *,
    receipt: Receipt,
    left: Assignment,
    charges_minor: int = 0,
    why: str = "",
    by_itself: bool = False,
    by: Any = None,
) -> Assignment:
    """The money of ``receipt`` is a transfer of ours that left with ``left``: it waits to be sent again, and the
    customer's claim stands as before. charges_minor: what the banks kept of it, which we bear: all of it is sent again.

    Raises WrongMoney when the amounts differ otherwise, it came back before, or the books do not know yet that it left;
    NotEnoughLeft.
    """
    came = receipt.left_minor
    if charges_minor < 0 or (left.amount_minor, left.money.currency) != (
        came + charges_minor,
        receipt.currency,
    ):
        raise WrongMoney("what came is not what had left")

    def work() -> Assignment:
        take(receipt, came, by)
        standing = Assignment.objects.filter(
            pk=left.pk, kind=Assignment.REFUND, undone_at=None, came_back=False
        )
        if not standing.update(came_back=True):
            raise WrongMoney("this transfer came back before")
        told = receipt.line.return_reason if receipt.line else ""
        assignment = Assignment.objects.create(
            receipt=receipt,
            kind=Assignment.CAME_BACK,
            refund=left.refund,
            payback=left.payback,
            amount_minor=came,
            charges_minor=charges_minor,
            reference=told[:80],
            why=why[:300],
            by_itself=by_itself,
            by=person(by),
        )
        lines = rules.transfer_came_back(
            receipt_id=receipt.pk,
            amount_minor=came,
            charges_minor=charges_minor,
            subject=_subject(left),
            currency=receipt.currency,
        )
        book(assignment, "receipt_explained", lines, by)
        open_again(refund=left.refund, payback=left.payback, why=told or "the transfer came back", by=by)
        tell_of(assignment, "came_back", told)
        return assignment

    return retrying(work)


def open_again(*, refund: Refund | None, payback: PayBack | None, why: str, by: Any = None) -> None:
    """Within the caller's transaction: what was noted as sent is to be sent again by transfer; a refund is taken back
    in books first. Raises WrongMoney when a line of the bank says that it left or a refund is not in the books yet,
    MoveNotAllowed."""
    hold(refund or payback)
    if standing(refund, payback).exists():
        raise WrongMoney("a line of the bank shows that it left")
    if payback is not None:
        payback.refresh_from_db()
        move(payback, to="requested", by=by, why=why, reference="", sent_at=None)
    if refund is not None:
        refund.refresh_from_db()
        fail(refund=refund, reference=_booked_as(refund), why=why)
        send_again(refund=refund, by=by, by_transfer=True)


def hold(thing: Refund | PayBack | None) -> None:
    """Hold the row until the end of the transaction: a line that tells of it and somebody who frees it queue here."""
    if thing is not None:
        type(thing)._base_manager.select_for_update().get(pk=thing.pk)


def standing(refund: Refund | None, payback: PayBack | None) -> QuerySet[Assignment]:
    """The line of the bank that says that it left, and that it did not come back."""
    return Assignment.objects.filter(
        kind=Assignment.REFUND,
        undone_at=None,
        disbursement__isnull=False,
        came_back=False,
        refund=refund,
        payback=payback,
    )


def stands_again(assignment: Assignment, by: Any) -> None:
    """Within the transaction that undoes ``assignment``: the transfer did not come back after all. Raises SentAnew."""
    thing: Any = assignment.refund or assignment.payback
    thing.refresh_from_db()
    gone = Assignment.objects.filter(
        kind=Assignment.REFUND, undone_at=None, refund=assignment.refund, payback=assignment.payback
    )
    left = gone.filter(came_back=True).order_by("-pk").first()
    if thing.state != "requested" or left is None or gone.filter(came_back=False).exists():
        raise SentAnew("the transfer is on its way once more")
    if assignment.refund is not None:
        target = f"refund:{thing.pk}"
        succeed(refund=thing, reference=end_to_end_ids([target])[target], by=by)
    else:
        move(thing, to="sent", by=by, why="it did not come back", sent_at=now())
    Assignment.objects.filter(pk=left.pk).update(came_back=False)


def tell_of(assignment: Assignment, what: str, why: str = "") -> None:
    """Within the transaction in which a line of the bank told of a transfer, or that was taken back."""
    refund, payback = assignment.refund_id or 0, assignment.payback_id or 0
    outbox.record(TransferMoved(assignment.pk, what, refund, payback, why))


def told_by_line(assignment: Assignment) -> bool:
    """Whether nobody noted the refund as sent but the line of ``assignment``. Raises WrongMoney when the books do not
    know the refund yet."""
    refund = assignment.refund
    assert refund is not None, "asked of refunds only"
    return refund.state == "succeeded" and _booked_as(refund).endswith(line_mark(assignment.disbursement_id))


def line_mark(disbursement_id: int | None) -> str:
    """What the reference of a refund ends with that only a line told as sent."""
    return f" (line {disbursement_id})"


def _booked_as(refund: Refund) -> str:
    """The reference under which the refund stands in the books."""
    mine = f"refund:{refund.pk}"
    rows = OrderMoney.objects.filter(kind=OrderMoney.REFUND, undone_at=None).filter(
        Q(source=mine) | Q(source__startswith=f"{mine}:")
    )
    reference = rows.order_by("-pk").values_list("reference", flat=True).first()
    if reference is None:
        raise WrongMoney("the refund is not in the books yet")
    return reference


def _subject(left: Assignment) -> str:
    if left.refund is not None:
        return order_subject(left.refund.payment.order.number)
    return receipt_subject(left.payback.receipt_id if left.payback else 0)
