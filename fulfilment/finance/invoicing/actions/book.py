"""Money that the payment room tells of: posted and put on the order's account in one transaction."""

from __future__ import annotations

from django.db import transaction

from checkout.order.models import Order
from checkout.payment.events import DisputeWon, PaymentCaptured, PaymentDisputed, RefundSucceeded
from checkout.payment.models import CARD, CREDIT, Payment
from checkout.store_credit.events import CreditMovedAlong
from checkout.store_credit.models import Movement
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.models import Invoice, OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.postings import Posting

from .push import push_credit


def book_capture(*, captured: PaymentCaptured) -> None:
    """A card payment came in: for an order, or for one of its invoices with dunning costs and interest, which are
    income and pay no goods. Bank transfers are booked by their receipt, not here. A retry changes nothing."""
    if captured.method == CREDIT:
        book_spent(captured=captured)
    if captured.method != CARD:
        return
    with transaction.atomic():
        order = Order.objects.get(pk=captured.order_id)
        account = accounts.locked(order)
        source = f"payment:{captured.payment_id}"
        goods_minor = captured.amount_minor - captured.costs_minor - captured.interest_minor
        if goods_minor:
            accounts.note_money(
                account=account,
                kind=OrderMoney.CARD,
                source=source,
                amount_minor=goods_minor,
                reference=captured.reference,
            )
        post(
            source=f"capture:{source}",
            kind="card_captured",
            lines=rules.card_captured(
                order_number=order.number,
                amount_minor=captured.amount_minor,
                costs_minor=captured.costs_minor,
                interest_minor=captured.interest_minor,
                currency=captured.currency,
            ),
            text=f"{order.number} {captured.reference}",
            document=captured.invoice_number or order.number,
        )
        named = Invoice.objects.claims().filter(order=order, number=captured.invoice_number).first()
        accounts.settle(account=account, first=named)
        push_credit(user_id=order.user_id)


def book_spent(*, captured: PaymentCaptured) -> None:
    """The customer's store credit pays for an order. A retry changes nothing."""
    with transaction.atomic():
        order = Order.objects.get(pk=captured.order_id)
        account = accounts.locked(order)
        source = f"payment:{captured.payment_id}"
        accounts.note_money(
            account=account,
            kind=OrderMoney.BALANCE,
            source=source,
            amount_minor=captured.amount_minor,
            reference=order.number,
        )
        post(
            source=f"capture:{source}",
            kind="credit_spent",
            lines=rules.credit_spent(
                order_number=order.number,
                user_id=_holder(source),
                amount_minor=captured.amount_minor,
                currency=captured.currency,
            ),
            text=order.number,
            document=order.number,
        )
        accounts.settle(account=account)
        push_credit(user_id=order.user_id)


def book_moved_along(*, moved: CreditMovedAlong) -> None:
    """The store credit of a merged account went over to the other. A retry changes nothing."""
    post(
        source=f"credit-moved:{moved.movement_id}",
        kind="credit_moved_along",
        lines=rules.credit_moved_along(
            from_user_id=moved.from_user_id,
            to_user_id=moved.to_user_id,
            amount_minor=moved.amount_minor,
            currency=moved.currency,
        ),
        text=f"{moved.from_user_id} > {moved.to_user_id}",
        document=f"{moved.to_user_id}",
    )


def _holder(cause: str) -> int:
    """Whose credit it was that moved for this fact: the order may belong to another account by now."""
    return Movement.objects.select_related("account").get(cause=cause).account.user_id


def book_refund(*, refund: RefundSucceeded) -> None:
    """Money went back to the customer: by card, by bank transfer, or as store credit. A retry changes nothing."""
    with transaction.atomic():
        order = Order.objects.get(pk=refund.order_id)
        account = accounts.locked(order)
        source = _refund_source(refund)
        accounts.note_money(
            account=account,
            kind=_kind_of(refund),
            source=source,
            amount_minor=-refund.amount_minor,
            reference=refund.reference,
        )
        post(
            source=source,
            kind="refunded_to_credit" if refund.method == CREDIT else "refund_succeeded",
            lines=_refund_lines(refund, order.number, source),
            text=f"{order.number} {refund.reference}",
            document=order.number,
        )
        accounts.settle(account=account, taken_from=f"payment:{refund.payment_id}")
        push_credit(user_id=order.user_id)


def _kind_of(refund: RefundSucceeded) -> str:
    """Credit that paid and comes back is no money that went out."""
    if refund.method != CREDIT:
        return OrderMoney.REFUND
    by_credit = Payment.objects.filter(pk=refund.payment_id, method=CREDIT).exists()
    return OrderMoney.BALANCE if by_credit else OrderMoney.REFUND


def _refund_lines(refund: RefundSucceeded, number: str, source: str) -> list[Posting]:
    if refund.method == CREDIT:
        return rules.refunded_to_credit(
            order_number=number,
            user_id=_holder(source),
            amount_minor=refund.amount_minor,
            currency=refund.currency,
        )
    return rules.refund_succeeded(
        order_number=number,
        amount_minor=refund.amount_minor,
        by_card=refund.method == CARD,
        currency=refund.currency,
    )


def _refund_source(refund: RefundSucceeded) -> str:
    """The fact behind a refund. One that came back and was sent again is a further fact, named by the provider's id."""
    first = f"refund:{refund.refund_id}"
    known = OrderMoney.objects.filter(source=first).first()
    again = known is not None and known.reference != refund.reference
    return f"{first}:{refund.reference}"[:120] if again else first


def book_dispute(*, dispute: PaymentDisputed) -> None:
    """The customer's bank took the money back: the order owes again. A retry changes nothing."""
    with transaction.atomic():
        order = Order.objects.get(pk=dispute.order_id)
        account = accounts.locked(order)
        accounts.note_money(
            account=account,
            kind=OrderMoney.DISPUTE,
            source=f"dispute:{dispute.reference}",
            amount_minor=-dispute.amount_minor,
            reference=dispute.reference,
        )
        post(
            source=f"dispute:{dispute.reference}",
            kind="payment_disputed",
            lines=rules.payment_disputed(
                order_number=order.number,
                amount_minor=dispute.amount_minor,
                fee_minor=dispute.fee_minor,
                currency=dispute.currency,
            ),
            text=f"{order.number} {dispute.reference}",
            document=order.number,
        )
        accounts.settle(account=account, taken_from=f"payment:{dispute.payment_id}")
        push_credit(user_id=order.user_id)


def book_dispute_won(*, won: DisputeWon) -> None:
    """The money of a dispute came back: it pays the order's invoices again. A retry changes nothing."""
    with transaction.atomic():
        order = Order.objects.get(pk=won.order_id)
        account = accounts.locked(order)
        source = f"dispute-won:{won.reference}"
        accounts.note_money(
            account=account,
            kind=OrderMoney.DISPUTE,
            source=source,
            amount_minor=won.amount_minor,
            reference=won.reference,
        )
        post(
            source=source,
            kind="payment_disputed",
            lines=rules.dispute_won(
                order_number=order.number, amount_minor=won.amount_minor, currency=won.currency
            ),
            text=f"{order.number} {won.reference}",
            document=order.number,
        )
        accounts.settle(account=account)
        push_credit(user_id=order.user_id)
