"""Money goes back. The row, with its key, exists before the provider is called; never more than came in."""

from __future__ import annotations

import datetime as dt
from copy import copy
from typing import Any

from django.db import transaction
from django.db.models import F, Sum

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.events import RefundFailed, RefundRequested, RefundSucceeded
from checkout.payment.models import CARD, CREDIT, INVOICE, MONEY_CAME, Payment, Refund
from checkout.payment.stripe_client import ProviderDown, ProviderRefund, ProviderRefused
from checkout.store_credit import actions as store_credit
from checkout.store_credit.models import REFUNDED, RETURNED
from shop.kernel.attempts import pause_s
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying


class RefundTooLarge(ValueError):
    """More would go back than came in; carries what is left to refund (minor units)."""

    def __init__(self, wanted_minor: int, left_minor: int) -> None:
        super().__init__(f"{wanted_minor} wanted, {left_minor} left to refund")
        self.wanted_minor, self.left_minor = wanted_minor, left_minor


def refundable_minor(payment: Payment) -> int:
    """What may still go back, in minor units: captured minus all refunds that have not failed. Nothing while a bank has
    taken the money in a dispute: it would go back twice.

    Of a card payment of an invoice, what paid for goods; and so much less of the purchase on account it belongs to,
    which counts the whole order as paid.
    """
    if payment.state != "captured":
        return 0
    sent = Refund.objects.filter(payment=payment).exclude(state="failed").aggregate(total=Sum("amount_minor"))
    by_card = 0
    if payment.method == INVOICE:
        cards = Payment.objects.of_invoices(payment.order_id).filter(state__in=MONEY_CAME)
        by_card = sum(card.goods_minor for card in cards)
    return max(0, payment.goods_minor - by_card - int(sent["total"] or 0))


class NoAccount(ValueError):
    """Money cannot become credit: the order has no customer account that could hold it."""


class Changed(ValueError):
    """What may go back is no longer what the page showed: somebody else was faster. Nothing was changed."""


def request_refund(
    *,
    payment: Payment,
    amount_minor: int,
    source: str,
    reason: str,
    as_credit: bool = False,
    by: Any = None,
) -> Refund:
    """Write down that money must go back; a task sends it. ``source`` names the fact (``late:17``): a retry finds the
    same row. ``as_credit``: the customer wants it as store credit, which they have at once; what credit had paid goes
    there in any case.

    Raises RefundTooLarge, NoAccount, ValueError for an amount below one minor unit.
    """
    if amount_minor < 1:
        raise ValueError("a refund is at least one minor unit")
    with transaction.atomic():
        payment = held(payment.pk)  # two clerks at once: the second sees the first's row
        known = Refund.objects.filter(source=source).first()
        if known is not None:
            return known
        left = refundable_minor(payment)
        if amount_minor > left:
            raise RefundTooLarge(amount_minor, left)
        if as_credit and payment.order.user_id is None:
            raise NoAccount("only a customer's account can hold credit")
        refund = Refund.objects.create(
            payment=payment,
            as_credit=as_credit,
            # the account is deleted, and nobody could spend it any more
            by_transfer=payment.method == CREDIT and payment.order.user_id is None,
            amount_minor=amount_minor,
            currency=payment.currency,
            source=source,
            reason=reason[:300],
            requested_by=by if getattr(by, "pk", None) else None,
        )
        if refund.way == CREDIT:
            _to_credit(refund, by)
        else:
            record(RefundRequested(refund.pk, payment.pk, payment.order_id))
        return refund


def _to_credit(refund: Refund, by: Any) -> None:
    """Nobody has to be asked: the customer has it in this transaction, whoever the order belongs to by now."""
    payment = refund.payment
    store_credit.put(
        user_id=payment.order.user_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        kind=RETURNED if payment.method == CREDIT else REFUNDED,
        cause=f"refund:{refund.pk}",
        order=payment.order,
        why=refund.reason,
        by=by,
    )
    succeed(refund=refund, reference=f"credit:{refund.pk}", by=by)


def refund_captured(*, order: Order, by: Any = None, why: str) -> list[Refund]:
    """Within the transaction that cancels an order: everything that was paid goes back."""
    refunds = []
    for payment in Payment.objects.filter(order=order, state="captured"):
        left = refundable_minor(payment)
        if left:
            refunds.append(
                request_refund(
                    payment=payment,
                    amount_minor=left,
                    source=f"cancel:{order.pk}:{payment.pk}",
                    reason=why,
                    by=by,
                )
            )
    return refunds


def send_refund(*, refund_id: int) -> bool:
    """Ask the provider to send it. Safe to repeat: the key is the row's. Returns whether the provider took it.

    Refunds of bank transfers are sent by finance's own payment run, not here.
    """
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.state != "requested" or refund.way != CARD or not refund.payment.intent_id:
        return False
    Refund.objects.filter(pk=refund.pk).update(
        attempts=F("attempts") + 1,
        next_attempt_at=now() + dt.timedelta(seconds=pause_s(refund.attempts + 1)),
    )
    try:
        answer = stripe_client.create_refund(
            intent_id=refund.payment.intent_id,
            amount_minor=refund.amount_minor,
            key=refund.idempotency_key,
            refund_id=refund.pk,
        )
    except ProviderRefused as error:
        _move_quietly(refund, "failed", str(error), failure_text=str(error)[:300])
        return False
    except ProviderDown as error:
        Refund.objects.filter(pk=refund.pk).update(failure_text=str(error)[:300])
        return False
    _move_quietly(refund, "sent", f"sent as {answer.id}", psp_id=answer.id, failure_text="")
    _note(refund, answer)
    return True


def settle_refund(*, psp_id: str, by: Any = None) -> Refund | None:
    """Read a refund anew at the provider and write down what became of it. None when it is not ours."""
    refund = Refund.objects.filter(psp_id=psp_id).select_related("payment").first()
    if refund is None or refund.state not in (
        "sent",
        "succeeded",
    ):  # tried again: the old id says nothing of it
        return refund
    _note(refund, stripe_client.retrieve_refund(psp_id))
    return refund


def _note(refund: Refund, answer: ProviderRefund) -> None:
    if answer.status == "succeeded":
        succeed(refund=refund, reference=answer.id)
    elif answer.status in ("failed", "canceled"):
        fail(refund=refund, reference=answer.id, why=answer.failure_text or answer.status)


def fail(*, refund: Refund, reference: str, why: str) -> bool:
    """The provider says that the refund failed. One that had succeeded before came back: finance is told, once.

    False when it was known.
    """
    if refund.state == "failed":
        return False
    had_succeeded = refund.state == "succeeded"
    also: dict[str, Any] = {"failure_text": why[:300]}
    if had_succeeded:
        also |= {"came_back_at": now(), "succeeded_at": None}
    payment = refund.payment

    def work() -> None:
        move(copy(refund), to="failed", why=why[:300], **also)
        if had_succeeded:
            record(
                RefundFailed(
                    refund.pk,
                    payment.pk,
                    payment.order_id,
                    payment.order.number,
                    refund.amount_minor,
                    refund.currency,
                    reference,
                    why[:300],
                )
            )

    try:
        retrying(work)
    except StaleState:
        return False
    finally:
        refund.refresh_from_db()
    return True


def send_again(*, refund: Refund, by: Any, by_transfer: bool = False) -> Refund:
    """A refund that failed goes back after all: by card anew, or by bank transfer. Nothing is sent here; a task does.

    Raises RefundTooLarge when so much is not left to refund any more, StaleState when somebody was faster.
    """

    def work() -> None:
        payment = held(refund.payment_id)
        refund.refresh_from_db()
        left = refundable_minor(payment)
        if refund.state == "failed" and refund.amount_minor > left:
            raise RefundTooLarge(refund.amount_minor, left)
        how = "by bank transfer" if by_transfer else "by card"
        move(
            refund,
            to="requested",
            by=by,
            why=f"tried again {how}",
            by_transfer=by_transfer,
            next_attempt_at=now(),
        )
        record(RefundRequested(refund.pk, refund.payment_id, payment.order_id))

    retrying(work)
    return refund


def succeed(*, refund: Refund, reference: str, by: Any = None) -> bool:
    """The money is back with the customer; told once. False when that was known."""
    if refund.state == "succeeded":
        return False
    payment = refund.payment
    try:
        with transaction.atomic():
            move(refund, to="succeeded", by=by, why=f"confirmed as {reference}"[:300], succeeded_at=now())
            record(
                RefundSucceeded(
                    refund.pk,
                    payment.pk,
                    payment.order_id,
                    payment.order.number,
                    refund.way,
                    refund.amount_minor,
                    refund.currency,
                    reference,
                )
            )
    except StaleState:
        return False
    return True


def held(payment_id: int) -> Payment:
    """The payment, held until the end of the transaction: two who refund at once queue here."""
    return Payment.objects.select_for_update().select_related("order").get(pk=payment_id)


def _move_quietly(refund: Refund, to: str, why: str, **also: Any) -> None:
    """Move unless a webhook was faster."""
    try:
        move(refund, to=to, why=why[:300], **also)
    except StaleState:
        refund.refresh_from_db()
