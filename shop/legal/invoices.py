"""Invoices as a customer gets them: the archived PDF is read, and the XML inside it, not the rows they were made of."""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256

from fulfilment.finance.archive import FileDamaged, read
from fulfilment.finance.invoicing import letterhead
from fulfilment.finance.invoicing.models import Invoice

XML = "factur-x.xml"  #: under which the machine's half lies in the PDF


def lacking(invoice: Invoice) -> list[str]:
    """What § 14 (4) UStG lists and the rows do not hold."""
    seller, buyer = invoice.seller, invoice.buyer
    asked = {
        "the seller's name": seller.get("name"),
        "the seller's address": seller.get("street") and seller.get("postcode") and seller.get("city"),
        "VAT id or tax number": seller.get("vat_id") or seller.get("tax_number"),
        "the buyer's name": buyer.get("name"),
        "the date": invoice.issued_on,
        "the number": invoice.number,
        "what was delivered": list(invoice.lines.all()),
        "the tax per rate": invoice.taxes,
    }
    return [what for what, value in asked.items() if not value]


def lacking_on_paper(invoice: Invoice) -> list[str]:
    """What is not to be read on the archived document. One that was changed, is gone or cannot be read is named so."""
    try:
        content = read(invoice.pdf_key, invoice.pdf_sha256)
    except FileDamaged as damaged:
        return [f"the document ({damaged})"]
    try:
        words, attached = _read(content)
    except Exception as error:  # whatever a reader of PDF says of a file that is none
        return [f"a document that can be read ({type(error).__name__})"]
    missing = [f"“{fact}” on paper" for fact in _printed(invoice) if "".join(fact.split()) not in words]
    if attached is None:
        missing.append("the electronic invoice inside the document")
    elif sha256(attached).hexdigest() != invoice.xml_sha256:
        missing.append("the archived electronic invoice inside the document (it holds another)")
    return missing


def _read(content: bytes) -> tuple[str, bytes | None]:
    """All words of a PDF without blanks (lines may break anywhere), and the XML in it."""
    from pypdf import PdfReader  # takes its time to load, and few need it

    paper = PdfReader(io.BytesIO(content))
    words = "".join("".join(page.extract_text().split()) for page in paper.pages)
    inside = paper.attachments.get(XML)
    return words, inside[0] if inside else None


def _printed(invoice: Invoice) -> Iterator[str]:
    """What must be to read, as it is written in the invoice's language."""
    seller, buyer, language = invoice.seller, invoice.buyer, invoice.language
    yield from (invoice.number, letterhead.day(invoice.issued_on, language))
    yield from (str(seller.get(name, "")) for name in ("name", "street", "postcode", "city"))
    yield str(seller.get("vat_id") or seller.get("tax_number") or "")
    yield from (str(buyer.get(name, "")) for name in ("name", "street", "postcode", "city"))
    for line in invoice.lines.all():
        yield line.sku or line.name[:60]
    for tax in invoice.taxes:
        yield letterhead.money(tax["net_minor"], invoice.currency, language)
        yield letterhead.money(tax["vat_minor"], invoice.currency, language)
    yield letterhead.money(invoice.gross_minor, invoice.currency, language)
