"""The electronic invoice (EN 16931): facts as plain values, sums by one rule, XML, PDF/A-3, and a real check.

Everything here is a pure function of its arguments: no database, no settings, no network. Why consumer
(gross) prices fit into a norm made of net prices is told in docs/decisions/0008-gross-prices-in-en16931.md.
"""

from .cii import EN16931, XRECHNUNG, to_xml
from .hybrid import embed
from .model import (
    AllowanceCharge,
    EInvoice,
    EInvoiceError,
    InvoiceReference,
    Kind,
    Line,
    Party,
    PaymentInstructions,
    VatCategory,
)
from .totals import TaxTotal, Totals, share, spread, totals
from .validation import Finding, SchematronUnavailable, validate, validate_many

__all__ = [
    "EN16931",
    "XRECHNUNG",
    "AllowanceCharge",
    "EInvoice",
    "EInvoiceError",
    "Finding",
    "InvoiceReference",
    "Kind",
    "Line",
    "Party",
    "PaymentInstructions",
    "SchematronUnavailable",
    "TaxTotal",
    "Totals",
    "VatCategory",
    "embed",
    "share",
    "spread",
    "to_xml",
    "totals",
    "validate",
    "validate_many",
]
