"""Counting what is explained of money that came or left, for every verb of the room."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F

from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import NewEntry, PeriodClosed, refuse_closed
from shop.kernel import clock
from shop.kernel.states import move

from .models import Disbursement, Receipt


class NotEnoughLeft(ValueError):
    """More would be assigned than is left of the money (minor units)."""

    def __init__(self, wanted_minor: int, left_minor: int) -> None:
        super().__init__(f"{wanted_minor} wanted, {left_minor} left")
        self.wanted_minor, self.left_minor = wanted_minor, left_minor


def take(money: Receipt | Disbursement, amount_minor: int, by: Any) -> None:
    """Count a part as assigned (negative: open again) by conditional update, and its state with it.

    The update holds the row until the end of the caller's transaction. Raises NotEnoughLeft.
    """
    rows = (
        type(money)
        .objects.filter(pk=money.pk, assigned_minor__lte=F("amount_minor") - amount_minor)
        .exclude(state="withdrawn")
        .update(assigned_minor=F("assigned_minor") + amount_minor)
    )
    money.refresh_from_db()
    if not rows:
        raise NotEnoughLeft(amount_minor, money.left_minor)
    state = "assigned" if not money.left_minor else "partly_assigned" if money.assigned_minor else "open"
    if state != money.state:
        move(money, to=state, by=by, why="assigned" if amount_minor > 0 else "undone")


def day_of(money: Receipt | Disbursement) -> dt.date:
    """The statement's day, or today when its period has been closed since."""
    try:
        refuse_closed(money.booked_on)
    except PeriodClosed:
        return clock.today()
    return money.booked_on


def person(by: Any) -> Any:
    """Who acts, None for the system."""
    return by if getattr(by, "pk", None) else None


def bank_of(money: Receipt | Disbursement) -> str:
    """The account of the books that the money is on: that of the statement's bank account, else role "bank"."""
    if money.line is None:
        return "bank"
    account = money.line.account.ledger_account
    return account.role or f"#{account.number}"


def recorded(money: Receipt | Disbursement) -> NewEntry:
    """The entry that books money as it came or left, unexplained; a closed month is the ledger's to move."""
    bank = bank_of(money)
    if isinstance(money, Receipt):
        kind, lines = "receipt", rules.receipt_recorded(
            receipt_id=money.pk, amount_minor=money.amount_minor, bank=bank, currency=money.currency
        )  # fmt: skip
    else:
        kind, lines = "disbursement", rules.disbursement_recorded(
            disbursement_id=money.pk, amount_minor=money.amount_minor, bank=bank, currency=money.currency
        )  # fmt: skip
    return NewEntry(
        source=f"{kind}:{money.pk}",
        kind=f"{kind}_recorded",
        lines=lines,
        booked_on=money.booked_on,
        text=f"{money.party} {money.text}".strip(),
        document=money.reference[:60],
    )
