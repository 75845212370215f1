"""The files of an invoice: made once after it was issued, archived with their SHA-256, never made differently again.

The transaction that issues knows nothing of files; a task makes them, and whoever needs them earlier makes them then.
Keys carry the hash of the content, so two makers at once cannot harm each other: one of them is written down.
"""

from __future__ import annotations

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils.translation import gettext as _

from fulfilment.finance.archive import FileDamaged
from fulfilment.finance.archive import read as _read
from shop.kernel.transactions import forbid_network_in_transaction

from .documents import invoice_pdf
from .einvoice import XRECHNUNG, to_xml, xrechnung
from .facts import einvoice_for
from .models import Invoice


class XRechnungIncomplete(ValueError):
    """The facts make no XRechnung; ``missing`` says in words, rule by rule, what a public buyer would refuse."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__("; ".join(missing))
        self.missing = missing


def make(invoice_id: int) -> Invoice:
    """Make the XML and PDF of an invoice when they are missing. Idempotent; must run outside a transaction.

    Raises Invoice.DoesNotExist, EInvoiceError when the facts do not make a lawful invoice.
    """
    forbid_network_in_transaction("storing the documents of an invoice")
    invoice = (
        Invoice.objects.select_related("corrects", "replaces").prefetch_related("lines").get(pk=invoice_id)
    )
    if invoice.xml_sha256 and invoice.pdf_sha256:
        return invoice
    document = einvoice_for(invoice)
    if invoice.xml_sha256:
        xml = _read(invoice.xml_key, invoice.xml_sha256)
    else:
        xml = to_xml(document)
        _keep(invoice, "xml", xml)
        xml = _read(invoice.xml_key, invoice.xml_sha256)  # another maker may have been faster
    _keep(invoice, "pdf", invoice_pdf(document, invoice.language, xml=xml))
    return invoice


def xml_bytes(invoice_id: int) -> bytes:
    """The archived XML, made now when missing. Raises FileDamaged when it was tampered with."""
    invoice = make(invoice_id)
    return _read(invoice.xml_key, invoice.xml_sha256)


def pdf_bytes(invoice_id: int) -> bytes:
    """The archived PDF/A-3 with the XML inside, made now when missing. Raises FileDamaged when tampered with."""
    invoice = make(invoice_id)
    return _read(invoice.pdf_key, invoice.pdf_sha256)


def xrechnung_bytes(invoice_id: int) -> bytes:
    """The invoice as plain XRechnung 3.0, made of its facts alone, so the same bytes at any time.

    Raises XRechnungIncomplete with what a public buyer would miss.
    """
    invoice = (
        Invoice.objects.select_related("corrects", "replaces").prefetch_related("lines").get(pk=invoice_id)
    )
    if not invoice.buyer_reference:
        raise XRechnungIncomplete([_("the buyer reference (Leitweg-ID) is missing")])
    xml = to_xml(einvoice_for(invoice), guideline=XRECHNUNG)
    broken = [found for found in xrechnung.findings(xml) if found.severity == "fatal"]
    if broken:
        raise XRechnungIncomplete([f"{found.rule}: {found.text}" for found in broken])
    return xml


def _keep(invoice: Invoice, kind: str, content: bytes) -> None:
    """Store ``content`` and note it on the invoice unless another maker has; the invoice then shows what counts."""
    digest = hashlib.sha256(content).hexdigest()
    key = f"invoices/{invoice.issued_on.year}/{invoice.number}-{digest[:12]}.{kind}"
    store = storages["documents"]
    if not store.exists(key):
        key = store.save(key, ContentFile(content))
    Invoice.objects.filter(pk=invoice.pk, **{f"{kind}_sha256": ""}).update(
        **{f"{kind}_key": key, f"{kind}_sha256": digest}
    )
    invoice.refresh_from_db(fields=[f"{kind}_key", f"{kind}_sha256"])


__all__ = [
    "FileDamaged",
    "XRechnungIncomplete",
    "make",
    "pdf_bytes",
    "xml_bytes",
    "xrechnung_bytes",
]
