"""Tables of money at the bank: what came and what left, and the lines of the bank behind it.

They are of the days on which the books took the money, so that a statement read late changes no closed month: its
money stands where its entry stands.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.reconciliation.models import Disbursement, Receipt

from .books import at
from .stretch import CHUNK_RECORDS, Stretch
from .table import Table, amount, chunked, day, hundredths, text, whole

AT_ONCE = 1_000
SOURCES = {"receipt": Receipt, "disbursement": Disbursement}
Money = Receipt | Disbursement


def _booked(stretch: Stretch) -> Iterator[tuple[int, dt.date, str, Money]]:
    """Entry, its day, its source, and the money that it booked."""
    entries = Entry.objects.filter(
        posted_at__isnull=False,
        booked_on__range=(stretch.first, stretch.last),
        kind__in=[f"{name}_recorded" for name in SOURCES],
    )
    rows = entries.order_by("booked_on", "pk").values_list("pk", "booked_on", "source")
    for chunk in chunked(rows.iterator(chunk_size=CHUNK_RECORDS), AT_ONCE):
        found = _money([source for _pk, _day, source in chunk])
        for pk, booked_on, source in chunk:
            if source in found:
                yield pk, booked_on, source, found[source]


def _money(sources: list[str]) -> dict[str, Money]:
    """The money behind sources such as ``receipt:7``. Two queries."""
    found: dict[str, Money] = {}
    for name, model in SOURCES.items():
        parts = [source.partition(":") for source in sources]
        ids = [int(number) for kind, _colon, number in parts if kind == name and number.isdecimal()]
        rows = model._default_manager.select_related("line__statement").in_bulk(ids)
        found |= {f"{name}:{pk}": money for pk, money in rows.items()}
    return found


def _payments(stretch: Stretch) -> Iterator[Sequence[Any]]:
    for entry, booked_on, source, money in _booked(stretch):
        sign = -1 if money.is_out else 1
        yield (
            source, entry, booked_on, money.booked_on, "Ausgang" if money.is_out else "Eingang",
            hundredths(sign * money.amount_minor, money.currency), money.currency, money.party, money.party_iban,
            money.text, money.reference, money.line_id,
        )  # fmt: skip


def _bank_lines(stretch: Stretch) -> Iterator[Sequence[Any]]:
    accounts = at(BankAccount, stretch.closed_at())
    for _entry, _day, source, money in _booked(stretch):
        line = money.line
        if line is None:
            continue
        yield (
            line.pk, source, accounts[line.account_id].identification, line.statement.number, line.booked_on,
            line.valued_on, hundredths(line.amount_minor, line.currency), line.currency, line.counterparty,
            line.counterparty_iban, line.text, line.end_to_end_id, line.bank_reference, line.code,
        )  # fmt: skip


PAYMENTS = Table(
    "Zahlungen",
    "Zahlungsein- und -ausgänge der Bank, deren Buchung in den Zeitraum fällt. Wozu sie dienten, sagen die "
    "Buchungszeilen mit diesem Unterkonto.",
    (
        text("Zahlung", 60, "gleich dem Unterkonto der Buchungszeilen"),
        whole("Buchung"),
        day("Buchungstag"),
        day("Kontoauszugstag"),
        text("Richtung", 10),
        amount("Betrag", "Ausgänge negativ"),
        text("Waehrung", 3),
        text("Gegenpartei", 140),
        text("IBAN", 34),
        text("Verwendungszweck", 1_000),
        text("Fundstelle", 80, "auf dem Kontoauszug"),
        text("Bankumsatz", 20, "leer: von Hand erfasst"),
    ),
    _payments,
    refers=(("Buchung", "Buchungen"),),
)
BANK_LINES = Table(
    "Bankumsaetze",
    "Umsätze der Kontoauszüge hinter den Zahlungen, wie die Bank sie mitteilte",
    (
        whole("Bankumsatz"), text("Zahlung", 60), text("Bankkonto", 40), text("Auszug", 40), day("Buchungsdatum"),
        day("Wertstellung"), amount("Betrag"), text("Waehrung", 3), text("Gegenpartei", 140), text("Gegenkonto", 40),
        text("Text", 1_000), text("Ende_zu_Ende_Referenz", 80), text("Bankreferenz", 80), text("Geschaeftsvorfall", 40),
    ),
    _bank_lines,
    refers=(("Zahlung", "Zahlungen"),),
)  # fmt: skip
