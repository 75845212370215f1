"""The DATEV file format "Buchungsstapel": EXTF 700, category 21, version 13, written as a stream of bytes.

cp1252, CRLF, semicolons, decimal comma, amounts without sign. A file holds one month and at most 99,999 rows, which is
what DATEV reads at once; the export is a ZIP of such files. Source: DATEV developer portal, "DATEV-Format".
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shop.kernel.text import clean_line

from .datev_rows import Line, Row, rows_of

ENCODING = "cp1252"
ROWS_MAX = 99_999
DOCUMENT_CHARS, TEXT_CHARS, LABEL_CHARS, VAT_ID_CHARS = 36, 60, 30, 15
_NOT_IN_DOCUMENT = re.compile(r"[^A-Za-z0-9$&%*+\-/]")
_NOT_IN_VAT_ID = re.compile(r"[^A-Z0-9]")
_FORMULA = "=+-@"

COLUMNS: list[str] = [
    "Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz", "Kurs", "Basis-Umsatz", "WKZ Basis-Umsatz",
    "Konto", "Gegenkonto (ohne BU-Schlüssel)", "BU-Schlüssel", "Belegdatum", "Belegfeld 1", "Belegfeld 2", "Skonto",
    "Buchungstext", "Postensperre", "Diverse Adressnummer", "Geschäftspartnerbank", "Sachverhalt", "Zinssperre",
    "Beleglink",
    *(f"Beleginfo - {what} {n}" for n in range(1, 9) for what in ("Art", "Inhalt")),
    "KOST1 - Kostenstelle", "KOST2 - Kostenstelle", "Kost-Menge", "EU-Land u. UStID (Bestimmung)",
    "EU-Steuersatz (Bestimmung)", "Abw. Versteuerungsart", "Sachverhalt L+L", "Funktionsergänzung L+L",
    "BU 49 Hauptfunktionstyp", "BU 49 Hauptfunktionsnummer", "BU 49 Funktionsergänzung",
    *(f"Zusatzinformation{what} {n}" for n in range(1, 21) for what in (" - Art", "- Inhalt")),
    "Stück", "Gewicht", "Zahlweise", "Forderungsart", "Veranlagungsjahr", "Zugeordnete Fälligkeit", "Skontotyp",
    "Auftragsnummer", "Buchungstyp", "USt-Schlüssel (Anzahlungen)", "EU-Land (Anzahlungen)",
    "Sachverhalt L+L (Anzahlungen)", "EU-Steuersatz (Anzahlungen)", "Erlöskonto (Anzahlungen)", "Herkunft-Kz",
    "Buchungs GUID", "KOST-Datum", "SEPA-Mandatsreferenz", "Skontosperre", "Gesellschaftername", "Beteiligtennummer",
    "Identifikationsnummer", "Zeichnernummer", "Postensperre bis", "Bezeichnung SoBil-Sachverhalt",
    "Kennzeichen SoBil-Buchung", "Festschreibung", "Leistungsdatum", "Datum Zuord. Steuerperiode", "Fälligkeit",
    "Generalumkehr (GU)", "Steuersatz", "Land", "Abrechnungsreferenz", "BVV-Position", "EU-Land u. UStID (Ursprung)",
    "EU-Steuersatz (Ursprung)", "Abw. Skontokonto",
]  # fmt: skip
#: Columns nobody fills, between those that are: until the EU fields, until the mark of being final, until the end.
_UNTIL_EU = ";" * (COLUMNS.index("EU-Land u. UStID (Bestimmung)") - COLUMNS.index("Postensperre"))
_UNTIL_FINAL = ";" * (COLUMNS.index("Festschreibung") - COLUMNS.index("Abw. Versteuerungsart"))
_UNTIL_END = ";" * (len(COLUMNS) - 1 - COLUMNS.index("Festschreibung"))


@dataclass(frozen=True, slots=True)
class Head:
    """What the header says. year_month: the month a fiscal year begins with; is_final: no row may be changed any more
    (Festschreibung); chart: "03" or "04"; clearing: see ``rows_of``."""

    consultant: int
    client: int
    first_day: dt.date
    last_day: dt.date
    made_at: dt.datetime
    year_month: int
    account_length: int
    is_final: bool
    chart: str
    clearing: str


@dataclass(slots=True)
class Booked:
    """An entry of the books with its lines. vat_id: the buyer's, where rows ask for it."""

    pk: int
    day: dt.date
    document: str
    text: str
    lines: list[Line] = field(default_factory=list)
    vat_id: str = ""


_Written = tuple[Booked, list[Row]]  #: an entry with its rows


def fiscal_year(day: dt.date, year_month: int) -> dt.date:
    """The first day of the fiscal year of ``day``, when fiscal years begin with ``year_month`` (1 to 12)."""
    return dt.date(day.year if day.month >= year_month else day.year - 1, year_month, 1)


def files(head: Head, entries: Iterable[Booked]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and chunks of bytes of each file, one after the other. entries: by day; each file must be read to its end
    before the next is asked for. An entry that moves nothing but within accounts has no row."""
    waiting = ((entry, rows) for entry in entries if (rows := rows_of(entry.lines, clearing=head.clearing)))
    written = next(waiting, None)
    number, month = 0, ""
    while written is not None:
        day = written[0].day
        number = number + 1 if f"{day:%Y-%m}" == month else 1
        month = f"{day:%Y-%m}"
        rest: list[_Written | None] = []
        yield f"EXTF_Buchungsstapel_{month}_{number}.csv", _file(head, written, waiting, rest)
        written = rest[0]


def _file(
    head: Head, written: _Written, more: Iterator[_Written], rest: list[_Written | None]
) -> Iterator[bytes]:
    """One file, from ``written`` on; the entry it has no place for goes to ``rest``."""
    day = written[0].day
    yield _bytes(f"{_header(head, day)}\r\n{';'.join(COLUMNS)}\r\n")
    month, count = (day.year, day.month), 0
    following: _Written | None = written
    while following is not None and (following[0].day.year, following[0].day.month) == month:
        entry, rows = following
        if count and count + len(rows) > ROWS_MAX:
            break
        count += len(rows)
        yield _bytes("".join(_row(entry, row, head) for row in rows))
        following = next(more, None)
    rest.append(following)


def _bytes(text: str) -> bytes:
    return text.encode(ENCODING, errors="replace")


def _header(head: Head, day: dt.date) -> str:
    """The 31 fields of the header, for the month of ``day``."""
    last = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    first, last = max(day.replace(day=1), head.first_day), min(last, head.last_day)
    made = f"{head.made_at:%Y%m%d%H%M%S}{head.made_at.microsecond // 1000:03d}"
    fields = [
        '"EXTF"', "700", "21", '"Buchungsstapel"', "13", made, "", '"KO"', '""', '""',
        str(head.consultant), str(head.client), f"{fiscal_year(day, head.year_month):%Y%m%d}",
        str(head.account_length), f"{first:%Y%m%d}", f"{last:%Y%m%d}",
        _quoted(f"Kontor {day:%m/%Y}", LABEL_CHARS), '""', "1", "0", "1" if head.is_final else "0", '"EUR"',
        "", '""', "", "", f'"{head.chart}"', "", "", '""', '""',
    ]  # fmt: skip
    return ";".join(fields)


def _row(entry: Booked, row: Row, head: Head) -> str:
    """One row of 125 fields."""
    document = _NOT_IN_DOCUMENT.sub("-", entry.document)[:DOCUMENT_CHARS].lstrip(_FORMULA)
    length = head.account_length
    country = (
        row.is_by_vat_id and _NOT_IN_VAT_ID.sub("", entry.vat_id.upper())[:VAT_ID_CHARS]
    ) or row.country
    rate = f"{row.rate_bp // 100:02d},{row.rate_bp % 100:02d}" if row.rate_bp and row.country else ""
    return (
        f'{row.amount_minor // 100},{row.amount_minor % 100:02d};"{"S" if row.is_debit else "H"}";"EUR";;;"";'
        f'{row.account.ljust(length, "0")};{row.contra.ljust(length, "0")};"{row.key}";{entry.day:%d%m};'
        f'"{document}";"{entry.pk}";;{_quoted(entry.text, TEXT_CHARS)};'
        f'{_UNTIL_EU}"{country}";{rate};'
        f"{_UNTIL_FINAL}{int(head.is_final)}{_UNTIL_END}\r\n"
    )


def _quoted(text: str, most: int) -> str:
    """A text in quotes; one that a spreadsheet would run as a formula begins without its sign."""
    kept = clean_line(text).lstrip(_FORMULA + " ")[:most]
    return '"' + kept.replace('"', '""') + '"'
