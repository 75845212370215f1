"""ZUGFeRD: the XML inside the PDF, one document for people and machines (PDF/A-3)."""

from __future__ import annotations


def embed(pdf: bytes, xml: bytes, *, title: str, author: str, subject: str = "", lang: str = "de") -> bytes:
    """Attach ``xml`` (profile EN 16931) to ``pdf``, which must be PDF/A-3, and return the hybrid document.

    The attachment is called factur-x.xml and marked as an alternative of the page (AFRelationship, as ZUGFeRD
    asks in Germany); the XMP metadata say conformance level EN 16931. The XML is not checked here: see
    ``validate``.
    """
    # Here, because it brings a reader of PDFs: every web process and nightly run would carry its fifteen megabytes.
    from facturx import generate_from_binary

    return generate_from_binary(
        pdf,
        xml,
        flavor="factur-x",
        level="en16931",
        check_xsd=False,
        check_schematron=False,
        pdf_metadata={
            "author": author,
            "keywords": "ZUGFeRD, Factur-X",
            "title": title,
            "subject": subject or title,
        },
        lang=lang,
        afrelationship="alternative",
        xmp_compression=False,
    )
