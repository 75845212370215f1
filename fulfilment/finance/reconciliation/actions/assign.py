"""A part of a receipt is for an order: its payment, or the costs of dunning."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Sum

from checkout.order.models import Order
from checkout.payment.actions import credit_kept_minor, receive_transfer
from checkout.payment.models import INVOICE, OPEN_STATES, PREPAYMENT, Payment
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.invoicing.models import Invoice, OrderAccount, OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reconciliation.events import MoneyAssigned
from fulfilment.finance.reconciliation.models import Assignment, Receipt
from fulfilment.finance.reconciliation.taking import day_of, person, take
from shop.kernel import outbox
from shop.kernel.states import StaleState
from shop.kernel.transactions import retrying

#: What may be missing for an invoice to count as paid, in minor units: bank charges and typing, not a discount.
TOLERANCE_MINOR = 5
BY_TRANSFER = (INVOICE, PREPAYMENT)
#: Kinds of an order's money that its customer has sent; what banks kept of it was sent as well.
MONEY_IN = (OrderMoney.TRANSFER, OrderMoney.CARD, OrderMoney.CHARGES)


class WrongMoney(ValueError):
    """Currency or order does not fit."""


def assign(
    *,
    receipt: Receipt,
    order: Order,
    amount_minor: int,
    invoice: Invoice | None = None,
    accept_difference: bool = False,
    charges_minor: int = 0,
    exchange_minor: int = 0,
    why: str = "",
    by_itself: bool = False,
    by: Any = None,
) -> Assignment:
    """Explain a part of a receipt: it was paid for ``order``, on ``invoice`` first when one is named.

    What exceeds the open invoices of the order stays on its account as the customer's credit. accept_difference: what
    is still missing, up to TOLERANCE_MINOR, is given up as rounding. charges_minor: what banks on the way kept and
    we bear;
    exchange_minor: what a foreign currency lost (negative: brought): both settle the order beside the money. why,
    by_itself: how matching came to it. A prepayment (or purchase on account) that is now complete is captured, which
    confirms its order. Raises NotEnoughLeft, WrongMoney.
    """
    if amount_minor <= 0 or charges_minor < 0:
        raise ValueError("an assignment is more than zero")
    if invoice is not None and invoice.order_id != order.pk:
        raise WrongMoney(f"{invoice.number} does not belong to order {order.number}")
    if order.currency != receipt.currency:
        raise WrongMoney(f"order {order.number} is in {order.currency}, the receipt in {receipt.currency}")

    def work() -> Assignment:
        account = accounts.locked(order)
        take(receipt, amount_minor, by)
        assignment = Assignment.objects.create(
            receipt=receipt,
            account=account,
            invoice=invoice,
            amount_minor=amount_minor,
            charges_minor=charges_minor,
            exchange_minor=exchange_minor,
            why=why[:300],
            by_itself=by_itself,
            by=person(by),
        )
        _book(assignment, account, order, by)
        _bear(assignment, account, order, by)
        claim = None if invoice is None else Invoice.objects.get(pk=invoice.pk)
        accounts.settle(account=account, first=claim, by=by)
        if accept_difference:
            _give_up_difference(assignment, account, order, claim, by)
        capture_when_complete(order=order, reference=f"receipt:{receipt.pk}", by=by)
        push_credit(user_id=order.user_id)
        outbox.record(MoneyAssigned(assignment.pk, order.pk, amount_minor))
        return assignment

    return retrying(work)


def assign_dunning_costs(
    *,
    receipt: Receipt,
    order: Order,
    fee_minor: int,
    interest_minor: int,
    why: str = "",
    by_itself: bool = False,
    by: Any = None,
) -> Assignment:
    """A part of a receipt pays dunning fee and interest: income on the day it is paid (minor units).

    why, by_itself: how matching came to it. Raises NotEnoughLeft, ValueError when nothing is paid.
    """
    amount = fee_minor + interest_minor
    if amount <= 0 or min(fee_minor, interest_minor) < 0:
        raise ValueError("dunning costs paid are more than zero")

    def work() -> Assignment:
        account = accounts.locked(order)
        take(receipt, amount, by)
        assignment = Assignment.objects.create(
            receipt=receipt,
            kind=Assignment.DUNNING_COSTS,
            account=account,
            amount_minor=amount,
            why=why[:300],
            by_itself=by_itself,
            by=person(by),
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
            booked_on=day_of(receipt),
            text=f"{order.number} {receipt.payer}",
            document=receipt.reference,
            by=by,
        )
        return assignment

    return retrying(work)


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
    if not came or not (settled or account.in_money_minor >= payment.amount_minor):
        return False
    with transaction.atomic():
        _count_what_came(payment, account, order)
        return receive_transfer(
            payment=payment,
            amount_minor=max(account.in_money_minor, payment.amount_minor),
            reference=reference,
            by=by,
        )


def _count_what_came(payment: Payment, account: OrderAccount, order: Order) -> None:
    """Beside store credit a purchase on account counts for no more than the money that came: what pieces that came
    back before it was paid are worth has never come, and must not be given back in its place
    (docs/decisions/0078)."""
    if payment.method != INVOICE or order.status == "cancelled" or not credit_kept_minor(order):
        return
    rows = account.money.filter(kind__in=MONEY_IN, undone_at__isnull=True)
    came = int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)
    if 0 < came < payment.amount_minor:
        mine = Payment.objects.filter(pk=payment.pk, state=payment.state, amount_minor=payment.amount_minor)
        if not mine.update(amount_minor=came):
            raise StaleState(f"payment {payment.pk} was changed by somebody else")
        payment.amount_minor = came


def _book(assignment: Assignment, account: OrderAccount, order: Order, by: Any) -> None:
    receipt = assignment.money
    assert isinstance(receipt, Receipt), "payments are parts of receipts"
    post(
        source=assignment.source,
        kind="receipt_assigned",
        lines=rules.receipt_assigned(
            receipt_id=receipt.pk,
            order_number=order.number,
            amount_minor=assignment.amount_minor,
            currency=receipt.currency,
        ),
        booked_on=day_of(receipt),
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


def _bear(assignment: Assignment, account: OrderAccount, order: Order, by: Any) -> None:
    """What banks withheld and what the exchange cost settles the order beside the money; we bear it."""
    facts = {"order_number": order.number, "currency": account.currency}
    if assignment.charges_minor:
        lines = rules.charges_withheld(amount_minor=assignment.charges_minor, **facts)
        _beside(
            assignment,
            assignment.charges_source,
            "charges_withheld",
            lines,
            assignment.charges_minor,
            account,
            by,
        )
    if assignment.exchange_minor:
        lines = rules.exchange_difference(amount_minor=assignment.exchange_minor, **facts)
        source = assignment.exchange_source
        _beside(assignment, source, "exchange_difference", lines, assignment.exchange_minor, account, by)


def _beside(
    assignment: Assignment,
    source: str,
    kind: str,
    lines: list[Posting],
    amount_minor: int,
    account: OrderAccount,
    by: Any,
) -> None:
    receipt = assignment.money
    number = assignment.invoice.number if assignment.invoice else account.order_number
    post(
        source=source,
        kind=kind,
        lines=lines,
        booked_on=day_of(receipt),
        text=f"{account.order_number} {receipt.party}",
        document=number,
        by=by,
    )
    accounts.note_money(
        account=account,
        kind=OrderMoney.CHARGES,
        source=source,
        amount_minor=amount_minor,
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
        missing = payment.amount_minor - account.in_money_minor if payment else 0
    if not 0 < missing <= TOLERANCE_MINOR:
        return
    post(
        source=assignment.rounding_source,
        kind="rounding_difference",
        lines=rules.rounding_difference(
            order_number=order.number, amount_minor=missing, currency=account.currency
        ),
        booked_on=day_of(assignment.money),
        text=order.number,
        document=claim.number if claim else order.number,
        by=by,
    )
    accounts.note_money(
        account=account,
        kind=OrderMoney.ROUNDING,
        source=assignment.rounding_source,
        amount_minor=missing,
        reference=assignment.money.reference,
        booked_on=assignment.money.booked_on,
    )
    Assignment.objects.filter(pk=assignment.pk).update(rounding_minor=missing)
    assignment.rounding_minor = missing
    accounts.settle(account=account, first=claim, by=by)
