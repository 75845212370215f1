"""Tables of documents and of those they went to. Amounts bear the sign: credit notes and cancellations are negative."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from fulfilment.finance.invoicing.models import CANCELLATION, CREDIT_NOTE, INVOICE_KIND, Invoice, InvoiceLine
from fulfilment.finance.reports import open_items
from fulfilment.finance.reports.rows import day_of, edge, json_text

from .stretch import CHUNK_RECORDS, Stretch, records
from .table import Table, amount, chunked, day, hundredths, text, whole

KINDS = {INVOICE_KIND: "Rechnung", CREDIT_NOTE: "Rechnungskorrektur", CANCELLATION: "Stornorechnung"}
GUEST = "Gast-"  #: customers without an account are known by their order
CUSTOMERS_AT_ONCE = 1_000
#: SQL of a customer's key, of an invoice ``i``; ``_customer`` is the same in Python.
CUSTOMER_SQL = "COALESCE(NULLIF({number}, ''), '" + GUEST + "' || i.order_number)"


def _customer(buyer: Mapping[str, str], order_number: str) -> str:
    return buyer.get("customer_number") or f"{GUEST}{order_number}"


def _customer_sql() -> str:
    return CUSTOMER_SQL.format(number=json_text("i.buyer", "customer_number"))


def _sign(kind: str) -> int:
    return 1 if kind == INVOICE_KIND else -1


def _issued(stretch: Stretch) -> QuerySet[Invoice]:
    return Invoice.objects.filter(issued_on__range=(stretch.first, stretch.last)).order_by("issued_on", "pk")


def _documents(stretch: Stretch) -> Iterator[Sequence[Any]]:
    rows = _issued(stretch).values_list(
        "number", "kind", "issued_on", "delivered_on", "due_on", "buyer", "order_number", "vat_country", "currency",
        "net_minor", "vat_minor", "gross_minor", "prepaid_minor", "corrects__number", "replaces__number",
        "payment_method", "reason",
    )  # fmt: skip
    for row in rows.iterator(chunk_size=CHUNK_RECORDS):
        number, kind, issued, delivered, due, buyer, order, country, currency = row[:9]
        amounts = [hundredths(_sign(kind) * value, currency) for value in row[9:13]]
        yield (
            number, KINDS[kind], issued, delivered, due, _customer(buyer, order), order, country,
            buyer.get("vat_id", ""), currency, *amounts, *row[13:],
        )  # fmt: skip


def _lines(stretch: Stretch) -> Iterator[Sequence[Any]]:
    rows = (
        InvoiceLine.objects.filter(invoice__issued_on__range=(stretch.first, stretch.last))
        .order_by("invoice__issued_on", "invoice_id", "position")
        .values_list(
            "invoice__number", "position", "sku", "name", "quantity", "gross_minor", "discount_minor", "vat_minor",
            "rate_bp", "category", "invoice__vat_country", "invoice__kind", "invoice__currency",
        )
    )  # fmt: skip
    for row in rows.iterator(chunk_size=CHUNK_RECORDS):
        (
            number,
            position,
            sku,
            name,
            quantity,
            gross,
            discount,
            vat,
            rate,
            category,
            country,
            kind,
            currency,
        ) = row
        stretch.categories.add(category)
        amounts = [hundredths(_sign(kind) * value, currency) for value in (gross, discount, vat)]
        yield number, position, sku, name, quantity, *amounts, stretch.vat_key(country, rate), category


def _parts(stretch: Stretch, field: str) -> Iterator[tuple[str, int, str, str, str, dict[str, Any]]]:
    """The parts of a JSON field of documents: number, position, country, kind, currency, part."""
    rows = _issued(stretch).values_list("number", "kind", "vat_country", "currency", field)
    for number, kind, country, currency, parts in rows.iterator(chunk_size=CHUNK_RECORDS):
        for position, part in enumerate(parts, start=1):
            stretch.categories.add(part["category"])
            yield number, position, country, kind, currency, part


def _charges(stretch: Stretch) -> Iterator[Sequence[Any]]:
    for number, position, country, kind, currency, part in _parts(stretch, "charges"):
        sign = _sign(kind) * (1 if part["is_charge"] else -1)
        yield (
            number, position, "Zuschlag" if part["is_charge"] else "Nachlass", part["reason"],
            hundredths(sign * part["gross_minor"], currency), stretch.vat_key(country, part["rate_bp"]),
            part["category"],
        )  # fmt: skip


def _taxes(stretch: Stretch) -> Iterator[Sequence[Any]]:
    for number, position, country, kind, currency, part in _parts(stretch, "taxes"):
        amounts = (hundredths(_sign(kind) * part[name], currency) for name in ("net_minor", "vat_minor"))
        key = stretch.vat_key(part.get("country", country), part["rate_bp"])
        yield number, position, key, part["category"], *amounts


def _open_items(stretch: Stretch) -> Iterator[Sequence[Any]]:
    """What each order owes on its documents at the end of the last day, and what orders have in credit (negative)."""
    position = 0
    for currency in stretch.currencies():
        with_, values = open_items.table(open_items.Asked(stretch.last, currency=currency))
        sql = f"""{with_}
SELECT COALESCE(i.number, ''), items.order_number, CASE WHEN i.id IS NULL THEN '' ELSE {_customer_sql()} END,
  items.issued_on, items.due_on, items.open_minor
FROM items LEFT JOIN invoicing_invoice i ON i.id = items.invoice_id
UNION ALL
SELECT '', SUBSTR(subject, {open_items.ORDER_PREFIX}), '', CAST(NULL AS DATE), CAST(NULL AS DATE),
  CAST(balance AS BIGINT) FROM owed WHERE balance < 0
ORDER BY 2, 1, 6"""
        for number, order, customer, issued, due, left in records(sql, values):
            position += 1
            owed = hundredths(int(left), currency)
            yield position, number, order, customer, day_of(issued), day_of(due), owed, currency


def _customers(stretch: Stretch) -> Iterator[Sequence[Any]]:
    """Those whose documents or open items are in the export, as they stand on the last of these documents."""
    wanted, values = "i.issued_on BETWEEN %s AND %s", [edge(stretch.first), edge(stretch.last)]
    for currency in stretch.currencies():
        with_, more = open_items.table(open_items.Asked(stretch.last, currency=currency))
        wanted += f" OR i.id IN ({with_} SELECT invoice_id FROM items WHERE invoice_id IS NOT NULL)"
        values += more
    sql = f"SELECT MAX(i.id) FROM invoicing_invoice i WHERE {wanted} GROUP BY {_customer_sql()} ORDER BY 1"
    for chunk in chunked(records(sql, values), CUSTOMERS_AT_ONCE):
        found = Invoice.objects.filter(pk__in=[pk for (pk,) in chunk]).order_by("pk")
        for buyer, order in found.values_list("buyer", "order_number"):
            names = ("name", "street", "extra", "postcode", "city", "country", "vat_id")
            yield _customer(buyer, order), *(buyer.get(name, "") for name in names)


_VAT = (text("Steuerschluessel", 12), text("Steuerkategorie", 2))
_VAT_REFERS = (("Steuerschluessel", "Steuerschluessel"), ("Steuerkategorie", "Steuerkategorien"))

DOCUMENTS = Table(
    "Belege",
    "Rechnungen, Rechnungskorrekturen und Stornorechnungen; die beiden letzten mit negativen Beträgen",
    (
        text("Beleg", 20), text("Belegart", 20), day("Belegdatum"), day("Leistungsdatum"), day("Faelligkeit"),
        text("Kunde", 140), text("Bestellung", 128), text("Steuerland", 2), text("USt_IdNr", 20), text("Waehrung", 3),
        amount("Netto"), amount("Umsatzsteuer"), amount("Brutto"),
        amount("Angezahlt", "davon am Belegtag schon bezahlt"),
        text("Berichtigt", 20, "der Beleg, den dieser ganz oder teilweise zurücknimmt"),
        text("Ersetzt", 20, "der stornierte Beleg, an dessen Stelle dieser steht"),
        text("Zahlungsart", 20), text("Grund", 300),
    ),
    _documents,
    refers=(("Kunde", "Kunden"),),
)  # fmt: skip
LINES = Table(
    "Belegpositionen",
    "Positionen der Belege; mit den Belegzuschlägen ergeben sie das Brutto des Belegs",
    (
        text("Beleg", 20), whole("Position"), text("Artikel", 128), text("Bezeichnung", 300), whole("Menge"),
        amount("Brutto"), amount("Nachlass", "im Brutto schon abgezogen"),
        amount("Umsatzsteuer", "im Brutto enthalten"), *_VAT,
    ),
    _lines,
    keys=2,
    refers=(("Beleg", "Belege"), *_VAT_REFERS),
)  # fmt: skip
CHARGES = Table(
    "Belegzuschlaege",
    "Versand und andere Zuschläge sowie Nachlässe auf den ganzen Beleg",
    (text("Beleg", 20), whole("Nummer"), text("Art", 10), text("Grund", 300), amount("Brutto"), *_VAT),
    _charges,
    keys=2,
    refers=(("Beleg", "Belege"), *_VAT_REFERS),
)
TAXES = Table(
    "Belegsteuern",
    "Netto und Umsatzsteuer der Belege je Steuersatz",
    (text("Beleg", 20), whole("Nummer"), *_VAT, amount("Netto"), amount("Umsatzsteuer")),
    _taxes,
    keys=2,
    refers=(("Beleg", "Belege"), *_VAT_REFERS),
)
OPEN_ITEMS = Table(
    "Offene_Posten",
    "Forderungen am Ende des letzten Tages je Beleg; negativ: Guthaben und Anzahlungen. Summe: Forderungskonto.",
    (
        whole("Nummer"), text("Beleg", 20), text("Bestellung", 128), text("Kunde", 140), day("Belegdatum"),
        day("Faelligkeit"), amount("Offen"), text("Waehrung", 3),
    ),
    _open_items,
    refers=(("Kunde", "Kunden"),),
)  # fmt: skip
CUSTOMERS = Table(
    "Kunden",
    "Empfänger der Belege und offenen Posten, wie auf ihrem letzten Beleg. Gäste führt ihre Bestellnummer.",
    (
        text("Kunde", 140), text("Name", 520), text("Strasse", 255), text("Zusatz", 520), text("PLZ", 64),
        text("Ort", 255), text("Land", 2), text("USt_IdNr", 20),
    ),
    _customers,
)  # fmt: skip
