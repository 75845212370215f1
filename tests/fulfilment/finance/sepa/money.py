"""Refunds and paybacks that wait to be sent by transfer, and files of them."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

from checkout.order.models import Order
from checkout.payment.actions.refunds import request_refund
from checkout.payment.models import Payment, Refund
from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.actions import assign, give_back
from fulfilment.finance.reconciliation.models import PayBack
from fulfilment.finance.sepa import actions
from fulfilment.finance.sepa.models import PAIN_09, TransferBatch
from fulfilment.finance.sepa.receivers import bank_day_from
from fulfilment.finance.sepa.waiting import waiting
from shop.kernel.clock import today
from tests.fulfilment.finance.orders import Wish, make_order
from tests.fulfilment.finance.reconciliation.bank_lines import told

OURS = "DE89370400440532013000"
THEIRS = "DE02120300000000202051"
_at = itertools.count(1)


def our_account(**also: Any) -> BankAccount:
    """The main account, once."""
    facts = {
        "name": "Giro",
        "ledger_account": Account.objects.get(role="bank"),
        "is_default": True,
    }
    return BankAccount.objects.get_or_create(iban=OURS, defaults=facts | also)[0]


def prepaid(gross_minor: int = 11_900, iban: str = THEIRS, payer: str = "Hanna Petersen") -> Order:
    """An order paid in advance by a line of the bank that names the payer's account."""
    order = make_order(Wish(1, gross_minor), method="prepayment")
    receipt = told(gross_minor, order.number, counterparty=payer, counterparty_iban=iban)
    assign(receipt=receipt, order=order, amount_minor=gross_minor)
    return order


def refund_of(order: Order, amount_minor: int | None = None) -> Refund:
    """A refund of a prepaid order that waits to be sent."""
    payment = Payment.objects.get(order=order)
    return request_refund(
        payment=payment,
        amount_minor=amount_minor or payment.amount_minor,
        source=f"test:{next(_at)}",
        reason="changed her mind",
    )


def payback_of(amount_minor: int = 5_000, iban: str = THEIRS) -> PayBack:
    """Money that was not ours and waits to be sent back."""
    receipt = told(amount_minor, "Miete November", counterparty="Jürgen Groß", counterparty_iban=iban)
    return give_back(receipt=receipt, amount_minor=amount_minor, reason="not ours")


def wish_for(*things: Refund | PayBack, **changes: Any) -> actions.Wish:
    """A file of these, as the page would ask for it."""
    targets = tuple(f"{'refund' if isinstance(thing, Refund) else 'payback'}:{thing.pk}" for thing in things)
    facts: dict[str, Any] = {
        "targets": targets,
        "account_id": our_account().pk,
        "execute_on": bank_day_from(today()),
        "schema": PAIN_09,
        "in_one_sum": True,
        "key": str(uuid.uuid4()),
        "seen": actions.digest(waiting(list(targets))),
    }
    return actions.Wish(**facts | changes)


def file_of(*things: Refund | PayBack, by: Any = None, **changes: Any) -> TransferBatch:
    """A file that was made of these."""
    return actions.write(wish=wish_for(*things, **changes), by=by)


def tomorrow() -> dt.date:
    """The day after today."""
    return today() + dt.timedelta(days=1)
