"""Verbs of reconciliation: record, assign, undo, withdraw. Each is one transaction with its postings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from checkout.order.models import Order
from checkout.payment.actions import receive_transfer
from checkout.payment.models import INVOICE, OPEN_STATES, PREPAYMENT, Payment
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.invoicing.models import Invoice, OrderAccount, OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import PeriodClosed, post, refuse_closed, reverse
from fulfilment.finance.ledger.models import Entry
from shop.kernel import clock
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .models import Assignment, Receipt

#: What may be missing for an invoice to count as paid, in minor units: bank charges and typing, not a discount.
TOLERANCE_MINOR = 5
BY_TRANSFER = (INVOICE, PREPAYMENT)


class AlreadyRecorded(ValueError):
    """A receipt with this date and reference is there; carries it."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(
            f"a receipt of {receipt.booked_on} with reference {receipt.reference} was recorded before"
        )
        self.receipt = receipt


class NotEnoughLeft(ValueError):
    """More would be assigned than is left of the receipt (minor units)."""

    def __init__(self, wanted_minor: int, left_minor: int) -> None:
        super().__init__(f"{wanted_minor} wanted, {left_minor} left")
        self.wanted_minor, self.left_minor = wanted_minor, left_minor


class WrongMoney(ValueError):
    """Currency or order does not fit."""


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
            text=text.strip()[:500],
            reference=reference.strip()[:80],
            recorded_by=_person(by),
        )
        post(
            source=f"receipt:{receipt.pk}",
            kind="receipt_recorded",
            lines=rules.receipt_recorded(receipt_id=receipt.pk, amount_minor=amount_minor, currency=currency),
            booked_on=booked_on,
            text=f"{receipt.payer} {receipt.text}".strip(),
            document=receipt.reference,
            by=by,
        )
        return receipt

    def guarded() -> Receipt:
        with transaction.atomic():  # the caller's transaction survives a refused double
            return work()

    try:
        return retrying(guarded)
    except IntegrityError:
        known = (
            Receipt.objects.filter(booked_on=booked_on, reference=reference.strip()[:80])
            .exclude(state="withdrawn")
            .first()
        )
        if known is None:
            raise
        raise AlreadyRecorded(known) from None


def assign(
    *,
    receipt: Receipt,
    order: Order,
    amount_minor: int,
    invoice: Invoice | None = None,
    accept_difference: bool = False,
    by: Any = None,
) -> Assignment:
    """Explain a part of a receipt: it was paid for ``order``, on ``invoice`` first when one is named.

    What exceeds the open invoices of the order stays on its account as the customer's credit. accept_difference: what
    is still missing, up to TOLERANCE_MINOR, is given up as rounding. A prepayment (or purchase on account) that is now
    complete is captured, which confirms its order. Raises NotEnoughLeft, WrongMoney.
    """
    if amount_minor <= 0:
        raise ValueError("an assignment is more than zero")
    if invoice is not None and invoice.order_id != order.pk:
        raise WrongMoney(f"{invoice.number} does not belong to order {order.number}")
    if order.currency != receipt.currency:
        raise WrongMoney(f"order {order.number} is in {order.currency}, the receipt in {receipt.currency}")

    def work() -> Assignment:
        account = accounts.locked(order)
        _take(receipt, amount_minor, by)
        assignment = Assignment.objects.create(
            receipt=receipt, account=account, invoice=invoice, amount_minor=amount_minor, by=_person(by)
        )
        _book(assignment, account, order, by)
        claim = None if invoice is None else Invoice.objects.get(pk=invoice.pk)
        accounts.settle(account=account, first=claim, by=by)
        if accept_difference:
            _give_up_difference(assignment, account, order, claim, by)
        capture_when_complete(order=order, reference=f"receipt:{receipt.pk}", by=by)
        push_credit(user_id=order.user_id)
        return assignment

    return retrying(work)


def assign_dunning_costs(
    *, receipt: Receipt, order: Order, fee_minor: int, interest_minor: int, by: Any = None
) -> Assignment:
    """A part of a receipt pays dunning fee and interest: income on the day it is paid (minor units).

    Raises NotEnoughLeft, ValueError when nothing is paid.
    """
    amount = fee_minor + interest_minor
    if amount <= 0 or min(fee_minor, interest_minor) < 0:
        raise ValueError("dunning costs paid are more than zero")

    def work() -> Assignment:
        account = accounts.locked(order)
        _take(receipt, amount, by)
        assignment = Assignment.objects.create(
            receipt=receipt,
            kind=Assignment.DUNNING_COSTS,
            account=account,
            amount_minor=amount,
            by=_person(by),
        )
        post(
            source=assignment.source,
            kind="dunning_costs_paid",
            lines=rules.dunning_costs_paid(
                receipt_id=receipt.pk,
                order_number=order.number,
                fee_minor=fee_minor,
                interest_minor=interest_minor,
                currency=receipt.currency,
            ),
            booked_on=_day(receipt),
            text=f"{order.number} {receipt.payer}",
            document=receipt.reference,
            by=by,
        )
        return assignment

    return retrying(work)


def undo(*, assignment: Assignment, why: str, by: Any = None) -> None:
    """Take an assignment back by reversal: the receipt is open again, invoices ask for their money again.

    An order that the money confirmed stays confirmed. Undoing twice changes nothing. ValueError without a reason.
    """
    if not why.strip():
        raise ValueError("undoing says why")

    def work() -> None:
        order = Order.objects.get(account=assignment.account_id)
        account = accounts.locked(order)
        rows = Assignment.objects.filter(pk=assignment.pk, undone_at__isnull=True).update(
            undone_at=clock.now(), undone_by=_person(by), undone_why=why.strip()[:300]
        )
        if not rows:
            return
        for source in (assignment.rounding_source, assignment.source):
            entry = Entry.objects.filter(source=source).first()
            if entry is not None:
                reverse(entry=entry, why=why.strip(), by=by)
            accounts.undo_money(account=account, source=source, why=why.strip(), by=by)
        _take(assignment.receipt, -assignment.amount_minor, by)
        push_credit(user_id=order.user_id)

    retrying(work)
    assignment.refresh_from_db()


def reopen(*, receipt: Receipt, why: str, by: Any = None) -> int:
    """Undo all assignments of a receipt; returns how many there were."""

    def work() -> int:
        standing = list(receipt.assignments.filter(undone_at__isnull=True).order_by("account_id", "pk"))
        for assignment in standing:
            undo(assignment=assignment, why=why, by=by)
        return len(standing)

    count = retrying(work)
    receipt.refresh_from_db()
    return count


def withdraw(*, receipt: Receipt, why: str, by: Any = None) -> None:
    """The receipt was typed wrongly: what it explained is undone and the receipt itself reversed.

    Withdrawing twice changes nothing. ValueError without a reason.
    """
    if not why.strip():
        raise ValueError("withdrawing says why")

    def work() -> None:
        receipt.refresh_from_db()
        if receipt.state == "withdrawn":
            return
        reopen(receipt=receipt, why=why, by=by)
        move(receipt, to="withdrawn", by=by, why=why.strip())
        reverse(entry=Entry.objects.get(source=f"receipt:{receipt.pk}"), why=why.strip(), by=by)

    retrying(work)


def capture_when_complete(*, order: Order, reference: str, by: Any = None) -> bool:
    """Tell the payment room that a prepayment or purchase on account is paid: the whole amount is in, or everything
    was dispatched and no invoice is open any more. Returns whether it was told now."""
    payment = Payment.objects.filter(order=order, method__in=BY_TRANSFER).order_by("-pk").first()
    if payment is None or payment.state not in (*OPEN_STATES, "failed", "cancelled"):
        return False
    account = OrderAccount.objects.filter(order=order).first()
    if account is None:
        return False
    came = account.money.filter(kind=OrderMoney.TRANSFER, undone_at__isnull=True).exists()
    order.refresh_from_db(fields=["status"])
    settled = order.status == "completed" and not Invoice.objects.open().filter(order=order).exists()
    if not came or not (settled or account.received_minor >= payment.amount_minor):
        return False
    return receive_transfer(
        payment=payment,
        amount_minor=max(account.received_minor, payment.amount_minor),
        reference=reference,
        by=by,
    )


def _take(receipt: Receipt, amount_minor: int, by: Any) -> None:
    """Count a part of the receipt as assigned (negative: open again) by conditional update, and its state with it."""
    rows = (
        Receipt.objects.filter(pk=receipt.pk, assigned_minor__lte=F("amount_minor") - amount_minor)
        .exclude(state="withdrawn")
        .update(assigned_minor=F("assigned_minor") + amount_minor)
    )
    receipt.refresh_from_db()
    if not rows:
        raise NotEnoughLeft(amount_minor, receipt.left_minor)
    state = "assigned" if not receipt.left_minor else "partly_assigned" if receipt.assigned_minor else "open"
    if state != receipt.state:
        move(receipt, to=state, by=by, why="assigned" if amount_minor > 0 else "undone")


def _book(assignment: Assignment, account: OrderAccount, order: Order, by: Any) -> None:
    receipt = assignment.receipt
    post(
        source=assignment.source,
        kind="receipt_assigned",
        lines=rules.receipt_assigned(
            receipt_id=receipt.pk,
            order_number=order.number,
            amount_minor=assignment.amount_minor,
            currency=receipt.currency,
        ),
        booked_on=_day(receipt),
        text=f"{order.number} {receipt.payer}",
        document=assignment.invoice.number if assignment.invoice else order.number,
        by=by,
    )
    accounts.note_money(
        account=account,
        kind=OrderMoney.TRANSFER,
        source=assignment.source,
        amount_minor=assignment.amount_minor,
        reference=receipt.reference,
        booked_on=receipt.booked_on,
    )


def _give_up_difference(
    assignment: Assignment, account: OrderAccount, order: Order, claim: Invoice | None, by: Any
) -> None:
    if claim is not None:
        missing = Invoice.objects.values_list("open_minor", flat=True).get(pk=claim.pk)
    else:
        payment = Payment.objects.filter(order=order, method=PREPAYMENT).order_by("-pk").first()
        missing = payment.amount_minor - account.received_minor if payment else 0
    if not 0 < missing <= TOLERANCE_MINOR:
        return
    post(
        source=assignment.rounding_source,
        kind="rounding_difference",
        lines=rules.rounding_difference(
            order_number=order.number, amount_minor=missing, currency=account.currency
        ),
        booked_on=_day(assignment.receipt),
        text=order.number,
        document=claim.number if claim else order.number,
        by=by,
    )
    accounts.note_money(
        account=account,
        kind=OrderMoney.ROUNDING,
        source=assignment.rounding_source,
        amount_minor=missing,
        reference=assignment.receipt.reference,
        booked_on=assignment.receipt.booked_on,
    )
    Assignment.objects.filter(pk=assignment.pk).update(rounding_minor=missing)
    assignment.rounding_minor = missing
    accounts.settle(account=account, first=claim, by=by)


def _day(receipt: Receipt) -> dt.date:
    """The statement's day, or today when its period has been closed since."""
    try:
        refuse_closed(receipt.booked_on)
    except PeriodClosed:
        return clock.today()
    return receipt.booked_on


def _person(by: Any) -> Any:
    return by if getattr(by, "pk", None) else None
