"""Customers with something due, some at a time and always in the same order: memory does not grow with the shop.

A chunk names whole customers, because a customer gets one letter for all their items. Those with an account come first,
by keyset over their ids. Guests (who as a rule cannot buy on account) follow by e-mail address; only the addresses are
held in memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from fulfilment.finance.invoicing.models import Invoice, InvoiceQuerySet

from .facts import may_be_due

#: As plain text: compared as a part of a JSON value, SQLite would read the address it is compared with as JSON.
ADDRESS = Cast(KT("buyer__email"), TextField())
#: Letters of one transaction: a fraction of a second, and the process stays below 200 MB.
CUSTOMERS_PER_CHUNK = 400
#: Ways of PostgreSQL to answer that read a table, or an index, from end to end.
WHOLE_TABLES = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")


@dataclass(frozen=True)
class Customers:
    """Some whole customers: by account, or guests by every spelling of their address (None: without one)."""

    users: Sequence[int] = ()
    guests: Sequence[tuple[str | None, ...]] = ()

    def __len__(self) -> int:
        return len(self.users) + len(self.guests)

    def one_by_one(self) -> Iterator[Customers]:
        """Each customer alone."""
        yield from (Customers(users=[user]) for user in self.users)
        yield from (Customers(guests=[spellings]) for spellings in self.guests)

    def invoices(self, day: dt.date) -> InvoiceQuerySet:
        """What may be due of them on ``day``."""
        found = may_be_due(Invoice.objects.overdue(day), day)
        if self.users:
            return found.filter(user_id__gte=self.users[0], user_id__lte=self.users[-1])
        spellings = [spelling for one in self.guests for spelling in one]
        wanted = Q(address__in=[spelling for spelling in spellings if spelling is not None])
        if None in spellings:
            wanted |= Q(address=None)
        return found.filter(user=None).annotate(address=ADDRESS).filter(wanted)


def chunks(day: dt.date, size: int = CUSTOMERS_PER_CHUNK) -> Iterator[Customers]:
    """Everybody for whom a letter may be due on ``day``, ``size`` customers at a time. One query per chunk."""
    last = 0
    while True:
        found = (
            may_be_due(Invoice.objects.overdue(day), day)
            .filter(user_id__gt=last)
            .order_by("user_id")
            .values_list("user_id", flat=True)
        )
        with transaction.atomic():
            go_by_indexes()
            users = [int(user) for user in found.distinct()[:size] if user]
        if not users:
            break
        yield Customers(users=users)
        last = users[-1]
    guests = _guests(day)
    for first in range(0, len(guests), size):
        yield Customers(guests=guests[first : first + size])


def go_by_indexes() -> None:
    """Until the transaction ends, let PostgreSQL look into indexes only. A chunk asks for a few thousand rows of tables
    with millions, and the estimates of tables that grow as we write are old: it read all letters for each chunk. Cost
    per letter must not grow with the table. Elsewhere it changes nothing."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET LOCAL {way} = off" for way in WHOLE_TABLES))


def _guests(day: dt.date) -> list[tuple[str | None, ...]]:
    """Every guest for whom a letter may be due: the spellings of one address together."""
    by_address: dict[str, set[str | None]] = {}
    due = may_be_due(Invoice.objects.overdue(day), day)
    found = due.filter(user=None).annotate(address=ADDRESS).order_by("address")
    for spelling in found.values_list("address", flat=True).distinct().iterator():
        by_address.setdefault((spelling or "").casefold(), set()).add(spelling)
    return [tuple(sorted(spellings, key=str)) for spellings in by_address.values()]
