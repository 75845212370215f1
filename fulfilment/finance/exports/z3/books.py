"""Tables of the ledger: accounts, their balances, entries, postings, movements of goods, and what keys mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import override

from fulfilment.finance.ledger.models import ENTRY_KINDS, Account, Entry, EntryLine
from fulfilment.finance.reports import balances

from .stretch import CHUNK_RECORDS, Stretch, vat_key
from .table import Table, amount, day, hundredths, text, whole

ACCOUNT_KINDS = {
    "asset": "Aktivkonto", "liability": "Passivkonto", "equity": "Eigenkapitalkonto", "revenue": "Ertragskonto",
    "expense": "Aufwandskonto",
}  # fmt: skip
#: VAT categories of documents: UNTDID 5305, as in EN 16931.
CATEGORIES = {
    "S": "Steuerpflichtig zum Satz des Schlüssels",
    "Z": "Nullsatz",
    "E": "Steuerfrei",
    "K": "Steuerfreie innergemeinschaftliche Lieferung (§ 4 Nr. 1b, § 6a UStG)",
    "AE": "Steuerschuldnerschaft des Leistungsempfängers (§ 13b UStG)",
    "G": "Steuerfreie Ausfuhrlieferung (§ 4 Nr. 1a, § 6 UStG)",
}


def at(model: type[models.Model], moment: dt.datetime | None) -> dict[int, Any]:
    """Rows as they were at ``moment`` (None: as they are), by id: of closed months later names change nothing."""
    now: dict[int, Any] = model._default_manager.in_bulk()
    if moment is None:
        return now
    return now | {one.pk: one for one in model.history.as_of(moment)}  # type: ignore[attr-defined]


def _accounts(stretch: Stretch) -> Iterator[Sequence[Any]]:
    """Every account posted to until the last day."""
    posted = set(_posted_accounts(stretch))
    for account in sorted(at(Account, stretch.closed_at()).values(), key=lambda one: str(one.number)):
        if account.pk in posted:
            yield account.number, account.name_de, ACCOUNT_KINDS[account.kind]


def _posted_accounts(stretch: Stretch) -> Iterator[int]:
    for currency in stretch.currencies():
        yield from balances.by_account(last_day=stretch.last, currency=currency)


def _balances(stretch: Stretch) -> Iterator[Sequence[Any]]:
    """Opening, debits, credits, closing per account and currency, from the kept balances of the reports."""
    numbers = dict(Account.objects.values_list("pk", "number"))
    for currency in stretch.currencies():
        found = balances.by_account(first_day=stretch.first, last_day=stretch.last, currency=currency)
        for pk, row in sorted(found.items(), key=lambda one: numbers[one[0]]):
            sums = (row.opening_minor, row.debit_minor, row.credit_minor, row.closing_minor)
            yield numbers[pk], currency, *(hundredths(value, currency) for value in sums)


def _entries(stretch: Stretch) -> Iterator[Sequence[Any]]:
    found = Entry.objects.filter(posted_at__isnull=False, booked_on__range=(stretch.first, stretch.last))
    rows = found.order_by("booked_on", "pk").values_list(
        "pk", "booked_on", "posted_at", "kind", "document", "text", "source", "reverses_id", "by_id", "into_closed"
    )  # fmt: skip
    for pk, booked_on, posted_at, kind, *rest in rows.iterator(chunk_size=CHUNK_RECORDS):
        stretch.kinds.add(kind)
        posted = timezone.localtime(posted_at)
        yield pk, booked_on, posted.date(), posted.strftime("%H:%M:%S"), kind, *rest


def _posted_lines(stretch: Stretch) -> QuerySet[EntryLine]:
    """Lines of the entries of these days, in the order of the books."""
    within = (stretch.first, stretch.last)
    return EntryLine.objects.filter(entry__posted_at__isnull=False, entry__booked_on__range=within).order_by(
        "entry__booked_on", "entry_id", "pk"
    )


def _postings(stretch: Stretch) -> Iterator[Sequence[Any]]:
    rows = _posted_lines(stretch).values_list(
        "pk", "entry_id", "entry__booked_on", "account__number", "debit_minor", "credit_minor", "currency", "subject",
        "vat_country", "vat_rate_bp", "tax_base_minor",
    )  # fmt: skip
    for row in rows.iterator(chunk_size=CHUNK_RECORDS):
        pk, entry, booked_on, number, debit, credit, currency, subject, country, rate, base = row
        yield (
            pk, entry, booked_on, number, hundredths(debit, currency), hundredths(credit, currency), currency, subject,
            stretch.vat_key(country, rate), hundredths(base, currency),
        )  # fmt: skip


def _goods(stretch: Stretch) -> Iterator[Sequence[Any]]:
    """What the stock became worth more or less: the postings of its account."""
    rows = (
        _posted_lines(stretch)
        .filter(account__role="stock")
        .values_list(
            "pk", "entry_id", "entry__booked_on", "entry__kind", "subject", "entry__document", "debit_minor",
            "credit_minor", "currency",
        )
    )  # fmt: skip
    for *facts, debit, credit, currency in rows.iterator(chunk_size=CHUNK_RECORDS):
        yield *facts, hundredths(debit, currency), hundredths(credit, currency), currency


def _kinds(stretch: Stretch) -> Iterator[Sequence[Any]]:
    with override("de"):
        names = {code: str(name) for code, name in ENTRY_KINDS}
    yield from ((code, names.get(code, code)) for code in sorted(stretch.kinds))


def _rates(stretch: Stretch) -> Iterator[Sequence[Any]]:
    for country, rate_bp in sorted(stretch.rates):
        yield vat_key(country, rate_bp), country, rate_bp


def _categories(stretch: Stretch) -> Iterator[Sequence[Any]]:
    yield from ((code, CATEGORIES.get(code, code)) for code in sorted(stretch.categories))


BALANCES = Table(
    "Summen_und_Salden",
    "Je Konto und Währung: Stand vor dem ersten Tag, Bewegungen im Zeitraum, Stand am letzten Tag. Soll positiv.",
    (
        text("Konto", 10), text("Waehrung", 3), amount("Anfangsbestand"), amount("Soll"), amount("Haben"),
        amount("Endbestand"),
    ),
    _balances,
    keys=2,
    refers=(("Konto", "Konten"),),
)  # fmt: skip
ACCOUNTS = Table(
    "Konten",
    "Konten, auf die bis zum letzten Tag gebucht wurde",
    (text("Konto", 10), text("Bezeichnung", 120), text("Kontenart", 20)),
    _accounts,
)
ENTRIES = Table(
    "Buchungen",
    "Buchungssätze nach Buchungstag und Nummer. Gebuchtes wird nie geändert, nur storniert.",
    (
        whole("Buchung", "Nummer des Buchungssatzes"),
        day("Buchungstag"),
        day("Erfasst_am", "Tag, an dem unveränderlich gebucht wurde"),
        text("Erfasst_um", 8),
        text("Buchungsart", 30),
        text("Beleg", 60),
        text("Buchungstext", 200),
        text("Quelle", 120, "der Vorgang dahinter; je Vorgang eine Buchung"),
        text("Storniert", 20, "Nummer der Buchung, die diese zurücknimmt"),
        text("Erfasser", 20, "Nummer des Benutzers; leer: das System"),
        text("In_geschlossenen_Monat", 200, "warum in einen vorläufig geschlossenen Monat gebucht wurde"),
    ),
    _entries,
    refers=(("Buchungsart", "Buchungsarten"),),
)
POSTINGS = Table(
    "Buchungszeilen",
    "Soll- und Habenzeilen der Buchungssätze. Je Buchung und Währung sind Soll und Haben gleich.",
    (
        whole("Zeile"), whole("Buchung"), day("Buchungstag"), text("Konto", 10), amount("Soll"), amount("Haben"),
        text("Waehrung", 3), text("Unterkonto", 60, "order: Bestellung, receipt: Zahlungseingang und so fort"),
        text("Steuerschluessel", 12), amount("Bemessungsgrundlage", "auf Steuerzeilen: versteuertes Netto"),
    ),
    _postings,
    refers=(("Buchung", "Buchungen"), ("Konto", "Konten"), ("Steuerschluessel", "Steuerschluessel")),
)  # fmt: skip
GOODS = Table(
    "Warenbewegungen",
    "Zu- und Abgänge des Warenbestands zu Einstandswerten, wie sie gebucht sind",
    (
        whole("Zeile"), whole("Buchung"), day("Buchungstag"), text("Buchungsart", 30), text("Unterkonto", 60),
        text("Beleg", 60), amount("Zugang"), amount("Abgang"), text("Waehrung", 3),
    ),
    _goods,
    refers=(("Buchung", "Buchungen"), ("Buchungsart", "Buchungsarten")),
)  # fmt: skip
KINDS = Table(
    "Buchungsarten",
    "Was die Schlüssel der Buchungsarten bedeuten",
    (text("Buchungsart", 30), text("Bezeichnung", 120)),
    _kinds,
)
RATES = Table(
    "Steuerschluessel",
    "Land und Steuersatz in Prozent hinter den Steuerschlüsseln",
    (text("Steuerschluessel", 12), text("Land", 2), amount("Steuersatz", "Prozent")),
    _rates,
)
VAT_CATEGORIES = Table(
    "Steuerkategorien",
    "Steuerkategorien der Belege nach EN 16931",
    (text("Steuerkategorie", 2), text("Bezeichnung", 120)),
    _categories,
)
