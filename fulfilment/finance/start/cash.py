"""The cash of today: what lies on each bank account, what lies at the card provider and what is on its way from there.

A bank account counts with what its statements say; one whose files tell no balance, or that has none yet, with what the
books say. Accounts in other currencies stand beside the sum."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Sum

from fulfilment.finance.bank.reads import Read, reads
from fulfilment.finance.psp.queries import open_payouts


@dataclass(frozen=True)
class Place:
    """A bank account with its balance in minor units (None: nobody knows it), and whether the books had to say it."""

    read: Read
    balance_minor: int | None
    by_books: bool


@dataclass(frozen=True)
class Cash:
    """Minor units. ``bank_minor``: all accounts in the shop's currency together."""

    places: list[Place]
    bank_minor: int
    underway_minor: int

    @property
    def is_old(self) -> bool:
        """Whether some account has not been read for too long."""
        return any(place.read.is_old for place in self.places)


def cash(*, today: dt.date, books: dict[int, int], bank_minor: int, currency: str = "EUR") -> Cash:
    """The cash of ``today``. Three queries.

    books: account of the books -> balance in ``currency``; bank_minor: that of the account with the role "bank", which
    counts as long as there is no bank account.
    """
    found = reads(today)
    # Several accounts may share one of the books: what it says counts once, and not beside their statements.
    told = {read.account.ledger_account_id for read in found if read.balance_minor is not None}
    places = []
    for read in found:
        balance, ledger = read.balance_minor, read.account.ledger_account_id
        if balance is None:
            counts = read.account.currency == currency and ledger not in told
            balance = books.get(ledger, 0) if counts else None
            told |= {ledger} if counts else set()
        places.append(Place(read, balance, by_books=read.balance_minor is None))
    ours = [place.balance_minor or 0 for place in places if place.read.account.currency == currency]
    underway = open_payouts(currency).order_by().aggregate(total=Sum("amount_minor"))["total"]
    return Cash(places, sum(ours) if ours else bank_minor, int(underway or 0))
