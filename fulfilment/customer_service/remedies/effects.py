"""What something would do, said before it is done: sentences, and the entries of the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from fulfilment.finance.ledger.models import Account, EntryLine
from fulfilment.finance.ledger.postings import Posting

MONEY, GOODS, MAIL, ORDER = "money", "goods", "mail", "order"
ICONS = {MONEY: "euro", GOODS: "box", MAIL: "mail", ORDER: "invoice"}


@dataclass(frozen=True)
class Row:
    """One line of an entry: account in words, one of both sides in minor units."""

    account: str
    debit_minor: int
    credit_minor: int


@dataclass
class Effects:
    """What it would do. ``amount_minor``: what it is worth to the customer; ``cost_minor``: what it costs the shop, as
    far as known (both gross minor units); ``booked``: when the entries are posted, in words; ``later``: when further
    ones are."""

    amount_minor: int = 0
    cost_minor: int = 0
    says: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    booked: str = ""
    later_rows: list[Row] = field(default_factory=list)
    later: str = ""

    def say(self, kind: str, sentence: str) -> None:
        """Add a sentence; ``kind``: MONEY, GOODS, MAIL or ORDER."""
        self.says.append((kind, sentence))

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Icon and sentence of each."""
        return [(ICONS[kind], sentence) for kind, sentence in self.says]

    @property
    def entries(self) -> list[tuple[str, list[Row]]]:
        """When, in words, and the lines of the entry."""
        both = [(self.booked, self.rows), (self.later, self.later_rows)]
        return [(when, rows) for when, rows in both if rows]

    @property
    def sentences(self) -> list[str]:
        """The sentences alone."""
        return [sentence for _kind, sentence in self.says]

    @property
    def digest(self) -> str:
        """Changes whenever anything of it does: who confirms has seen just this."""
        return hashlib.sha256(
            repr((self.amount_minor, self.says, self.rows, self.later_rows)).encode()
        ).hexdigest()


def of_postings(postings: Iterable[Posting]) -> list[Row]:
    """Lines that a rule gives, with their accounts in words. One query."""
    lines = list(postings)
    accounts = {row.role: row for row in Account.objects.filter(role__in={line.role for line in lines})}
    return [Row(str(accounts[line.role]), line.debit_minor, line.credit_minor) for line in lines]


def of_entries(sources: Iterable[str]) -> list[Row]:
    """Lines of entries that were posted for these facts. One query."""
    lines = EntryLine.objects.filter(entry__source__in=list(sources)).select_related("account").order_by("pk")
    return [Row(str(line.account), line.debit_minor, line.credit_minor) for line in lines]
