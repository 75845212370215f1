"""Money that left the account: recorded, explained as a refund we sent, or as a payment that its bank took back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction

from checkout.order.models import Order
from checkout.payment.actions.refunds import succeed
from checkout.payment.models import Refund
from fulfilment.finance.bank.models import TEXT_MAX_CHARS
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post_many, refuse_closed, reverse
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import order_subject, receipt_subject
from fulfilment.finance.reconciliation.ids import end_to_end_ids
from fulfilment.finance.reconciliation.models import Assignment, Disbursement, PayBack, Receipt
from fulfilment.finance.reconciliation.taking import person, recorded, take
from shop.kernel.clock import now
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .assign import WrongMoney
from .came_back import hold, line_mark, tell_of
from .explain import book, explain
from .undo import reopen, undo


class LeftBefore(ValueError):
    """Money that left with this date and reference is recorded; carries it."""

    def __init__(self, disbursement: Disbursement) -> None:
        super().__init__(f"{disbursement.reference} of {disbursement.booked_on} was recorded before")
        self.disbursement = disbursement


def record_disbursement(
    *,
    booked_on: dt.date,
    amount_minor: int,
    reference: str,
    payee: str = "",
    payee_iban: str = "",
    text: str = "",
    currency: str = "EUR",
    by: Any = None,
) -> Disbursement:
    """Record by hand that money left the account; it is unexplained until somebody says what for.

    booked_on and reference are unique together: LeftBefore otherwise. amount_minor: positive. Raises PeriodClosed,
    ValueError.
    """
    if amount_minor <= 0 or not reference.strip():
        raise ValueError("money that left has an amount above zero and the reference on the statement")
    refuse_closed(booked_on)

    def work() -> Disbursement:
        with transaction.atomic():  # the caller's transaction survives a refused double
            disbursement = Disbursement.objects.create(
                booked_on=booked_on,
                amount_minor=amount_minor,
                currency=currency,
                payee=payee.strip()[:140],
                payee_iban="".join(payee_iban.split())[:34].upper(),
                text=text.strip()[:TEXT_MAX_CHARS],
                reference=reference.strip()[:80],
                recorded_by=person(by),
            )
            post_many(entries=[recorded(disbursement)], by=by)
            return disbursement

    try:
        return retrying(work)
    except IntegrityError:
        same = Disbursement.objects.filter(booked_on=booked_on, reference=reference.strip()[:80], line=None)
        known = same.exclude(state="withdrawn").first()
        if known is None:
            raise
        raise LeftBefore(known) from None


def explain_refund(
    *,
    disbursement: Disbursement,
    refund: Refund | None = None,
    payback: PayBack | None = None,
    why: str = "",
    by_itself: bool = False,
    by: Any = None,
) -> Assignment:
    """The money that left is a refund by transfer, or money that goes back: it was on its way, and is now gone.

    What nobody noted as sent is noted with it: the line is the proof. Raises WrongMoney when amount or currency differ
    or it is not to be sent (any more), NotEnoughLeft, IntegrityError when another line is that transfer.
    """
    thing = refund or payback
    if thing is None:
        raise ValueError("a refund or a payback is named")
    if thing.currency != disbursement.currency or thing.amount_minor > disbursement.left_minor:
        raise WrongMoney(f"{thing.amount_minor} {thing.currency} is not what left")

    def work() -> Assignment:
        take(disbursement, thing.amount_minor, by)
        hold(thing)
        if refund is not None:
            _refund_sent(refund, disbursement, by)
        if payback is not None:
            _sent(payback, disbursement.reference, by)
        assignment = Assignment.objects.create(
            disbursement=disbursement,
            kind=Assignment.REFUND,
            refund=refund,
            payback=payback,
            amount_minor=thing.amount_minor,
            why=why[:300],
            by_itself=by_itself,
            by=person(by),
        )
        subject = (
            order_subject(refund.payment.order.number)
            if refund is not None
            else receipt_subject(payback.receipt_id if payback else 0)
        )
        lines = rules.disbursement_explained(
            disbursement_id=disbursement.pk,
            account="money_transit",
            amount_minor=thing.amount_minor,
            subject=subject,
            currency=thing.currency,
        )
        book(assignment, "disbursement_explained", lines, by)
        tell_of(assignment, "left")
        return assignment

    return retrying(work)


def return_payment(
    *,
    disbursement: Disbursement,
    receipt: Receipt,
    charge_minor: int = 0,
    charge_to_customer: bool = False,
    why: str = "",
    by: Any = None,
) -> Assignment:
    """An earlier receipt came back (a returned debit): what it paid is taken back, the claims stand again.

    charge_minor: what the bank took on top; we bear it, or with charge_to_customer the order that was paid owes it
    (where
    the money paid one order only; damages carry no VAT). Raises WrongMoney, NotEnoughLeft.
    """
    amount = disbursement.left_minor - charge_minor
    if (
        amount != receipt.amount_minor
        or receipt.currency != disbursement.currency
        or receipt.state == "withdrawn"
    ):
        raise WrongMoney("what left is not what had come")

    def work() -> Assignment:
        orders = list(
            Order.objects.filter(
                account__assignments__receipt=receipt,
                account__assignments__undone_at=None,
                account__assignments__kind=Assignment.PAYMENT,
            ).distinct()
        )
        reopen(receipt=receipt, why=why or "the payment came back", by=by)
        take(receipt, amount, by)
        take(disbursement, amount, by)
        gone = Assignment.objects.create(
            disbursement=disbursement,
            kind=Assignment.RETURNED,
            amount_minor=amount,
            why=why[:300],
            by=person(by),
        )
        Assignment.objects.create(
            receipt=receipt,
            kind=Assignment.RETURNED,
            amount_minor=amount,
            pair=gone,
            why=why[:300],
            by=person(by),
        )
        lines = rules.payment_returned(
            receipt_id=receipt.pk,
            disbursement_id=disbursement.pk,
            amount_minor=amount,
            currency=receipt.currency,
        )
        book(gone, "disbursement_explained", lines, by)
        if charge_minor and charge_to_customer and len(orders) == 1:
            _charge(disbursement, orders[0], charge_minor, gone, by)
        elif charge_minor:
            fee = Account.objects.get(role="bank_charges")
            one = explain(money=disbursement, account=fee, amount_minor=charge_minor, why=why, by=by)
            Assignment.objects.filter(pk=one.pk).update(pair=gone)
        return gone

    return retrying(work)


def withdraw_disbursement(*, disbursement: Disbursement, why: str, by: Any = None) -> None:
    """Recorded wrongly: what it explained is undone, and the disbursement itself reversed. Twice changes nothing."""
    if not why.strip():
        raise ValueError("withdrawing says why")

    def work() -> None:
        disbursement.refresh_from_db()
        if disbursement.state == "withdrawn":
            return
        for assignment in disbursement.assignments.filter(undone_at=None).order_by("pk"):
            undo(assignment=assignment, why=why, by=by)
        disbursement.refresh_from_db()
        move(disbursement, to="withdrawn", by=by, why=why.strip())
        entry = Entry.objects.get(source=f"disbursement:{disbursement.pk}")
        reverse(entry=entry, why=why.strip(), by=by)

    retrying(work)


def _charge(disbursement: Disbursement, order: Order, amount_minor: int, gone: Assignment, by: Any) -> None:
    """The order owes what the bank took for the return."""
    account = accounts.locked(order)
    take(disbursement, amount_minor, by)
    fee = Assignment.objects.create(
        disbursement=disbursement,
        kind=Assignment.RETURN_FEE,
        account=account,
        amount_minor=amount_minor,
        pair=gone,
        by=person(by),
    )
    lines = rules.disbursement_explained(
        disbursement_id=disbursement.pk,
        account="receivable",
        amount_minor=amount_minor,
        subject=order_subject(order.number),
        currency=disbursement.currency,
    )
    book(fee, "disbursement_explained", lines, by)
    accounts.note_money(
        account=account,
        kind=OrderMoney.CHARGES,
        source=fee.source,
        amount_minor=-amount_minor,
        reference=disbursement.reference,
        booked_on=disbursement.booked_on,
    )
    accounts.settle(account=account, by=by)
    push_credit(user_id=order.user_id)


def _refund_sent(refund: Refund, disbursement: Disbursement, by: Any) -> None:
    """Note a refund as sent that nobody noted: the reference says that the line told it, or is that of the file it is
    in. Raises WrongMoney when it failed."""
    refund.refresh_from_db()
    target = f"refund:{refund.pk}"
    if refund.state in ("requested", "sent"):
        mark = line_mark(disbursement.pk) if refund.state == "requested" else ""
        succeed(refund=refund, reference=f"{end_to_end_ids([target])[target]}{mark}", by=by)
    if refund.state != "succeeded":
        raise WrongMoney("the refund is not to be sent any more")


def _sent(payback: PayBack, reference: str, by: Any) -> None:
    payback.refresh_from_db()
    if payback.state == "requested":
        move(payback, to="sent", by=by, why="seen on the statement", reference=reference, sent_at=now())
    elif payback.state != "sent":
        raise WrongMoney("this transfer was called off")
