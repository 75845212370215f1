"""Sales without VAT, from the order to invoice, XML, page and books; and what they must have for it."""

from __future__ import annotations

import datetime as dt
import io

import pikepdf
import pytest
from lxml import etree

from checkout.order.models import Line
from fulfilment.finance.dunning.actions import run
from fulfilment.finance.dunning.models import DunningNotice
from fulfilment.finance.invoicing import files
from fulfilment.finance.invoicing.actions import cancel_invoice, credit_note
from fulfilment.finance.invoicing.einvoice import XRECHNUNG, to_xml, validate_many
from fulfilment.finance.invoicing.einvoice.cii import NAMESPACES
from fulfilment.finance.invoicing.queries import einvoice_for, invoice_pdf_bytes
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.queries import balance_minor
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.documents.test_documents import text_of
from tests.fulfilment.finance.invoicing.firms import FRENCH, LEITWEG, firm_order, invoice_of, proof
from tests.fulfilment.finance.orders import Wish, make_user
from tests.support.helpers import Clock, Outbox

pytestmark = pytest.mark.django_db


def category_rows(xml: bytes) -> list[tuple[str | None, ...]]:
    """Category, code and words of each row of the VAT breakdown."""
    path = ".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax"
    names = ("CategoryCode", "ExemptionReasonCode", "ExemptionReason", "CalculatedAmount")
    return [
        tuple(node.findtext(f"ram:{name}", namespaces=NAMESPACES) for name in names)
        for node in etree.fromstring(xml).iterfind(path, NAMESPACES)
    ]


def test_a_tax_free_supply_is_one_on_invoice_and_in_the_books(outbox: Outbox) -> None:
    check = proof()
    order = firm_order(Wish(2, 15_110, 0), category="K", check=check, shipping_minor=412)
    invoice = invoice_of(outbox, order)
    assert (invoice.net_minor, invoice.vat_minor, invoice.gross_minor) == (15_522, 0, 15_522)
    assert [(row["category"], row["country"]) for row in invoice.taxes] == [("K", "FR")]
    assert (invoice.buyer["name"], invoice.buyer["contact"]) == ("Le Cordonnier SARL", "Hanna Petersen")
    assert (invoice.buyer["vat_id"], invoice.vat_check) == (FRENCH, check)
    assert balance_minor("revenue_eu") == -15_522
    assert EntryLine.objects.get(account__role="revenue_eu").vat_country == "FR"
    assert problems() == []


@pytest.mark.parametrize(
    ("category", "role", "code", "words"),
    [
        ("K", "revenue_eu", "VATEX-EU-IC", "innergemeinschaftliche Lieferung"),
        ("AE", "revenue_reverse_charge", "VATEX-EU-AE", "Steuerschuldnerschaft des Leistungsempfängers"),
        ("G", "revenue_0", "VATEX-EU-G", "Steuerfreie Ausfuhrlieferung"),
        ("Z", "revenue_0", None, None),
    ],
)
def test_every_category_goes_its_way_to_xml_and_books(
    outbox: Outbox, category: str, role: str, code: str | None, words: str | None
) -> None:
    country = "CH" if category == "G" else "FR"
    invoice = invoice_of(
        outbox, firm_order(Wish(1, 10_000, 0), category=category, check=proof(), country=country)
    )
    document = einvoice_for(invoice)
    xml = to_xml(document)
    found = category_rows(xml)
    assert found[0][0] == category
    assert found[0][1] == code
    assert (words is None and found[0][2] is None) or (words and words in str(found[0][2]))
    assert found[0][3] == "0.00"
    assert validate_many([xml]) == [[]]
    assert balance_minor(role) == -10_000
    cancel_invoice(invoice=invoice, reason="wrong")
    outbox.drain()
    assert balance_minor(role) == 0
    assert problems() == []


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Steuerfreie innergemeinschaftliche Lieferung"), ("en", "Intra-community supply")],
)
def test_the_page_says_why_there_is_no_vat_in_the_customers_language(
    outbox: Outbox, language: str, words: str
) -> None:
    invoice = invoice_of(
        outbox, firm_order(Wish(1, 10_000, 0), category="K", check=proof(), language=language)
    )
    text = text_of(invoice_pdf_bytes(invoice.pk))
    assert words in text
    assert FRENCH in text
    assert "DE123456788" in text


def test_the_pdf_is_still_pdf_a_3_with_the_xml_of_the_norm_inside(outbox: Outbox) -> None:
    invoice = invoice_of(outbox, firm_order(Wish(1, 10_000, 0), category="K", check=proof()))
    with pikepdf.open(io.BytesIO(invoice_pdf_bytes(invoice.pk))) as pdf:
        assert list(pdf.attachments) == ["factur-x.xml"]
        meta = pdf.open_metadata()
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("3", "B")
        inside = pdf.attachments["factur-x.xml"].get_file().read_bytes()
    assert inside == files.xml_bytes(invoice.pk)


def test_credit_notes_of_a_tax_free_supply_are_tax_free_too(outbox: Outbox) -> None:
    invoice = invoice_of(outbox, firm_order(Wish(3, 10_000, 0), category="K", check=proof()))
    line = invoice.lines.get()
    for at in range(3):
        note = credit_note(invoice=invoice, source=f"r:{at}", reason="returned", quantities={line.pk: 1})
        assert (note.vat_minor, note.taxes[0]["category"], note.vat_check) == (0, "K", invoice.vat_check)
        assert note.buyer["vat_id"] == FRENCH
    assert balance_minor("revenue_eu") == 0
    assert problems() == []


def test_a_taxed_firm_keeps_its_vat_id_and_its_vat(outbox: Outbox) -> None:
    """A German firm, or one the register did not confirm: taxed as everybody, and a business to dunning."""
    invoice = invoice_of(outbox, firm_order(Wish(1, 12_000, 2000), check=proof("unanswered")))
    assert (invoice.vat_minor, invoice.taxes[0]["category"]) == (2_000, "S")
    assert invoice.buyer["vat_id"] == FRENCH
    assert problems() == []


def test_without_a_firm_everything_is_as_before(outbox: Outbox) -> None:
    order = firm_order(Wish(), company="", vat_id="", country="DE")
    invoice = invoice_of(outbox, order)
    assert invoice.buyer["name"] == "Hanna Petersen"
    assert "vat_id" not in invoice.buyer
    assert "contact" not in invoice.buyer


def test_a_company_in_the_address_line_is_not_printed_twice(outbox: Outbox) -> None:
    order = firm_order(Wish(), country="DE", vat_id="")
    billing = order.billing_address
    billing.line2 = "Le Cordonnier SARL"
    billing.save()
    assert invoice_of(outbox, order).buyer["extra"] == ""


def test_the_reference_goes_to_the_xml_and_makes_an_xrechnung(outbox: Outbox) -> None:
    order = firm_order(
        Wish(1, 11_900), country="DE", vat_id="", company="Stadt Hamburg", buyer_reference=LEITWEG
    )
    invoice = invoice_of(outbox, order)
    xml = files.xrechnung_bytes(invoice.pk)
    root = etree.fromstring(xml)
    assert root.findtext(".//ram:BuyerReference", namespaces=NAMESPACES) == LEITWEG
    guideline = ".//ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
    assert root.findtext(guideline, namespaces=NAMESPACES) == XRECHNUNG
    assert files.xrechnung_bytes(invoice.pk) == xml, "the same bytes at any time"
    assert LEITWEG.encode() in files.xml_bytes(invoice.pk)
    note = credit_note(invoice=invoice, source="g:1", reason="sorry", amount_minor=100)
    assert LEITWEG.encode() in files.xrechnung_bytes(note.pk)


def test_what_a_public_buyer_would_refuse_is_said_before(outbox: Outbox) -> None:
    invoice = invoice_of(outbox, firm_order(Wish(), country="DE", buyer_reference=""))
    with pytest.raises(files.XRechnungIncomplete, match=r"Leitweg"):
        files.xrechnung_bytes(invoice.pk)
    order = firm_order(Wish(), country="DE", buyer_reference=LEITWEG)
    order.billing_address.postcode = ""
    order.billing_address.save()
    other = invoice_of(outbox, order)
    with pytest.raises(files.XRechnungIncomplete) as incomplete:
        files.xrechnung_bytes(other.pk)
    assert any(words.startswith("BR-DE-9:") for words in incomplete.value.missing)


def test_a_substitute_for_goods_without_vat_has_none_either() -> None:
    from checkout.order.actions.amend import _substitute
    from tests.factories.shopping import make_variant

    order = firm_order(Wish(1, 10_000, 0), category="K", check=proof())
    record = make_variant(price_minor=11_900)
    line = _substitute(order, Line.objects.get(order=order).pk, record, 1, 11_900, 10_000)
    assert (line.gross_minor, line.vat_rate_bp, line.vat_category) == (10_000, 0, "K")


@pytest.mark.parametrize("outcome", ["invalid", "unanswered", None])
def test_verify_finds_a_sale_without_vat_and_without_proof(outbox: Outbox, outcome: str | None) -> None:
    order = firm_order(Wish(1, 10_000, 0), category="K", check=proof(outcome) if outcome else None)
    invoice = invoice_of(outbox, order)
    assert [sentence for sentence in problems() if "no proof" in sentence] == [
        f"{invoice.number} has no VAT, and no proof of the VAT id {FRENCH}"
    ]


def test_a_firm_owes_nine_points_and_the_lump_sum_in_default(outbox: Outbox, clock: Clock) -> None:
    """§ 288 (2) and (5) BGB: the VAT id of the order makes the buyer a business to dunning."""
    clock.on(dt.date(2026, 9, 1))
    orders = {}
    for vat_id in (FRENCH, ""):
        user = make_user("firm" if vat_id else "person")
        orders[vat_id] = firm_order(Wish(1, 100_000), country="DE", vat_id=vat_id, company="", user=user)
        invoice_of(outbox, orders[vat_id])
    for days in range(90):
        run(day=dt.date(2026, 9, 16) + dt.timedelta(days=days))
    found = {}
    for vat_id, order in orders.items():
        notices = DunningNotice.objects.filter(items__invoice__order=order)
        found[vat_id] = (
            sum(notices.values_list("lump_sum_minor", flat=True)),
            sum(notices.values_list("interest_minor", flat=True)),
        )
    (lump, interest), (no_lump, less) = found[FRENCH], found[""]
    assert (lump, no_lump) == (4_000, 0)
    assert interest > less > 0
