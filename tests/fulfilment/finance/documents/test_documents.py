"""Invoices and dunning letters as PDF: archive format, the XML inside, and texts that try to be more than
text."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import pikepdf
import pytest
from pypdf import PdfReader

from fulfilment.finance.dunning.letter import DunningItem, DunningLetter, letter_pdf
from fulfilment.finance.invoicing.documents import invoice_pdf
from fulfilment.finance.invoicing.einvoice import InvoiceReference, Kind, Line, Party, VatCategory, to_xml
from tests.fulfilment.finance.documents.makers import BUYER, CARD, DAY, SELLER, TRANSFER, invoice

HOSTILE = [
    '#read("/etc/passwd")',
    "*bold* _it_ $x$ @ref <tag> // comment",
    "NUL\x00 and \x1b[31m",
    "\u202eright to left\u202c שלום",
    "🙂👨‍👩‍👧 中文 ไทย",
    "W" * 400,
    "a\u0335\u0336" * 60,
    "<script>alert(1)</script>",
    "\ud800 lone surrogate \ufffe",
    "\n\n= Heading\n- item",
    "#panic() \\ \" ' ` %(name)s {page}",
]


def text_of(pdf: bytes) -> str:
    """All words of a PDF, in one line, without the places where long words may break."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u200b", "").split())


def letter(**changes) -> DunningLetter:
    items = (
        DunningItem(
            "R2026-000120", DAY - dt.timedelta(80), DAY - dt.timedelta(60), 60, 12_999, interest_minor=150
        ),
        DunningItem("R2026-000121", DAY - dt.timedelta(70), DAY - dt.timedelta(50), 50, 4_995, fee_minor=110),
    )
    facts = {
        "number": "M2026-000031",
        "date": DAY,
        "level": 2,
        "title": "2. Mahnung",
        "opening": "Guten Tag Erika Mustermann,\n\nzu diesen Rechnungen fehlt uns Ihre Zahlung.",
        "closing": "Mit freundlichen Grüßen\nPetersen & Söhne",
        "seller": SELLER,
        "recipient": BUYER,
        "items": items,
        "pay_until": DAY + dt.timedelta(10),
        "payment": TRANSFER,
    }
    return DunningLetter(**{**facts, **changes})


def test_the_pdf_is_pdf_a_3b_and_says_it_holds_an_en_16931_invoice():
    with pikepdf.open(io.BytesIO(invoice_pdf(invoice(), "de"))) as pdf:
        metadata = pdf.Root.Metadata.read_bytes().decode()
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert "/ID" in pdf.trailer
        assert pdf.Root.MarkInfo.Marked
    for marker in (
        "<pdfaid:part>3</pdfaid:part>",
        "<pdfaid:conformance>B</pdfaid:conformance>",
        "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>",
        "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>",
        "<fx:DocumentType>INVOICE</fx:DocumentType>",
    ):
        assert marker in metadata


def test_the_xml_is_attached_as_an_alternative_of_the_page_byte_for_byte():
    one = invoice()
    with pikepdf.open(io.BytesIO(invoice_pdf(one, "en"))) as pdf:
        assert list(pdf.attachments) == ["factur-x.xml"]
        assert pdf.attachments["factur-x.xml"].get_file().read_bytes() == to_xml(one)
        assert pdf.Root.AF[0].AFRelationship == "/Alternative"
        assert pdf.Root.AF[0].EF.F.Subtype == "/text/xml"


def test_an_archived_xml_is_attached_instead_of_a_new_one():
    archived = to_xml(invoice()).replace(b"R2026-000123", b"R2026-000777")
    with pikepdf.open(io.BytesIO(invoice_pdf(invoice(), "de", xml=archived))) as pdf:
        assert pdf.attachments["factur-x.xml"].get_file().read_bytes() == archived


def test_the_page_shows_the_facts_the_law_asks_for():
    words = text_of(invoice_pdf(invoice(), "en"))
    for fact in (
        "Petersen & Söhne Schuhhandel GmbH", "Am Sandtorkai 12", "DE123456789", "48/123/45678", "HRB 98765",
        "Erika Mustermann", "Bahrenfelder Straße 7", "R2026-000123", "20 November 2026", "Schnürstiefel Elbe",
        "€434.71", "19%", "7%", "DE89 3704 0044 0532 0130 00", "4 December 2026", "Treuerabatt −€10.00",
    ):  # fmt: skip
        assert fact in words, fact


def test_a_paid_invoice_asks_for_nothing():
    words = text_of(invoice_pdf(invoice(prepaid_minor=43_471, payment=CARD, due_date=None), "en"))
    assert "The amount is paid in full" in words and "Visa ending in 4242" in words
    assert "Please transfer" not in words


@pytest.mark.parametrize("kind", [Kind.CREDIT_NOTE, Kind.CANCELLATION])
def test_what_takes_back_names_the_invoice_it_takes_back(kind):
    one = invoice(kind=kind, preceding=InvoiceReference("R2026-000100", dt.date(2026, 11, 1)))
    words = text_of(invoice_pdf(one, "en"))
    assert "R2026-000100" in words and "1 November 2026" in words and "Please transfer" not in words


GERMAN_WORDS = "Steuerschuldnerschaft des Leistungsempfängers"


@pytest.mark.parametrize(
    ("category", "lang", "said", "unsaid"),
    [
        (VatCategory.REVERSE_CHARGE, "de", GERMAN_WORDS, "Reverse charge"),
        (VatCategory.REVERSE_CHARGE, "en", f"Reverse charge ({GERMAN_WORDS})", " / "),  # § 14a (5) UStG
        (VatCategory.INTRA_COMMUNITY, "de", "Steuerfreie innergemeinschaftliche Lieferung", "supply"),
        (VatCategory.INTRA_COMMUNITY, "en", "Intra-community supply", "Lieferung"),
        (VatCategory.EXPORT, "de", "Steuerfreie Ausfuhrlieferung", "Export outside"),
        (VatCategory.EXPORT, "en", "Export outside the EU", "Ausfuhrlieferung"),
    ],
)
def test_why_there_is_no_vat_is_said_in_the_documents_language_and_in_the_words_of_the_law(
    category, lang, said, unsaid
):
    buyer = Party("Dupont SARL", country="FR", vat_id="FR40303265045")
    one = invoice(buyer=buyer, lines=(Line("Boots", 1, 10_000, 0, category),), allowances_charges=())
    words = text_of(invoice_pdf(one, lang))
    assert said in words and "FR40303265045" in words
    assert unsaid not in words


def test_a_long_invoice_repeats_its_header_and_counts_its_pages():
    goods = tuple(Line(f"Article {number}", 1, 1000) for number in range(1, 121))
    pages = PdfReader(io.BytesIO(invoice_pdf(invoice(lines=goods, allowances_charges=()), "en"))).pages
    assert len(pages) > 3
    assert all("Unit price" in page.extract_text() for page in pages[:-1])
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page.extract_text()


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile_texts_stay_text_on_an_invoice(evil):
    who = replace(
        BUYER, name=f"x{evil}", contact=evil, street=evil, extra=evil, city=evil, customer_number=evil
    )
    goods = (
        Line(f"x{evil}", 1, 1000, sku=evil, attributes=((evil, evil),), note=evil, discount_reason=evil),
    )
    payment = replace(TRANSFER, account_name=evil, reference=evil, bank_name=evil)
    pdf = invoice_pdf(
        invoice(buyer=who, ship_to=who, lines=goods, payment=payment, notes=(evil,), order_number=evil), "de"
    )
    words = text_of(pdf)
    assert "root:" not in words and "R2026-000123" in words
    assert len(PdfReader(io.BytesIO(pdf)).pages) <= 5


def test_markup_in_a_name_is_printed_as_it_was_typed():
    words = text_of(invoice_pdf(invoice(buyer=replace(BUYER, name=HOSTILE[0], street=HOSTILE[1])), "de"))
    assert HOSTILE[0] in words and HOSTILE[1] in words


def test_a_dunning_letter_adds_up_and_shows_how_to_pay():
    one = letter(lump_sum_minor=4000)
    assert one.total_minor == 12_999 + 4_995 + 150 + 110 + 4000
    words = text_of(letter_pdf(one, "en"))
    for fact in (
        "R2026-000120",
        "R2026-000121",
        "60",
        "€179.94",
        "€1.50",
        "€1.10",
        "€40.00",
        "€222.54",
        "30 November 2026",
    ):
        assert fact in words, fact


def test_a_friendly_reminder_shows_no_costs():
    items = (DunningItem("R1", DAY, DAY, 7, 1000),)
    words = text_of(letter_pdf(letter(level=0, title="Reminder", items=items), "en"))
    assert "Default interest" not in words and "Dunning costs" not in words


def test_a_dunning_letter_is_pdf_a():
    with pikepdf.open(io.BytesIO(letter_pdf(letter(), "de"))) as pdf:
        metadata = pdf.Root.Metadata.read_bytes().decode()
        assert "<pdfaid:part>3</pdfaid:part>" in metadata


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile_texts_stay_text_on_a_dunning_letter(evil):
    who = replace(BUYER, name=f"x{evil}", street=evil)
    items = (DunningItem(evil, DAY, DAY, 7, 1000),)
    words = text_of(
        letter_pdf(letter(recipient=who, title=evil, opening=evil, closing=evil, items=items), "de")
    )
    assert "root:" not in words and "Petersen" in words


def test_nothing_open_is_not_dunned():
    with pytest.raises(ValueError, match="not sent"):
        letter_pdf(letter(items=()), "de")
