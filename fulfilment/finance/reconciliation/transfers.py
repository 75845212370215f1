"""Money that goes back by bank transfer: refunds, and what was never ours. Staff send it with a file (the room
``sepa``), or with the bank's own means and note here that it was done.

A refund noted as sent is on its way ("transfers on their way") until the bank's line tells that it left. A shop whose
bank tells nothing by files records with the note that it left, so that the bank account is right in both."""

from __future__ import annotations

from typing import Any

from checkout.payment.actions.refunds import succeed
from checkout.payment.models import Refund
from fulfilment.finance.bank.models import BankAccount
from shop.kernel.clock import now, today
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from .actions import explain_refund, record_disbursement
from .models import Disbursement, PayBack


def note_refund_sent(*, refund: Refund, reference: str, by: Any = None) -> bool:
    """A refund left our bank account by transfer (or was handed to the bank in a file). False when that was known.

    Without bank accounts that tell by files the money that left is recorded too, in the same transaction.
    """

    def work() -> bool:
        if not succeed(refund=refund, reference=reference, by=by):
            return False
        if not BankAccount.objects.filter(is_active=True).exists():
            explain_refund(disbursement=_left(refund, reference, by), refund=refund, by=by)
        return True

    return retrying(work)


def note_payback_sent(*, payback: PayBack, reference: str, by: Any = None) -> bool:
    """Money that was not ours left our bank account by transfer. False when that was known or it was called off."""

    def work() -> bool:
        payback.refresh_from_db()
        if payback.state != "requested":
            return False
        move(payback, to="sent", by=by, why="noted as sent", reference=reference.strip()[:80], sent_at=now())
        if not BankAccount.objects.filter(is_active=True).exists():
            explain_refund(disbursement=_left(payback, reference, by), payback=payback, by=by)
        return True

    try:
        return retrying(work)
    except StaleState:
        return False


def _left(thing: Refund | PayBack, reference: str, by: Any) -> Disbursement:
    kind = "refund" if isinstance(thing, Refund) else "payback"
    return record_disbursement(
        booked_on=today(),
        amount_minor=thing.amount_minor,
        currency=thing.currency,
        payee=getattr(thing, "payee", ""),
        reference=f"{reference.strip()[:56]} ({kind} {thing.pk})",
        by=by,
    )
