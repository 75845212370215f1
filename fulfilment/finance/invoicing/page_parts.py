"""What the staff pages of one invoice share: finding it, crumbs, VAT rows, advice on its VAT id."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from checkout.vat_ids.models import VatIdCheck
from checkout.vat_ids.rules import EU, country_of
from fulfilment.finance.amounts import rate_text

from . import queries, retax
from .models import Invoice


def one(number: str) -> Invoice:
    """The document with its parts. Raises Http404."""
    try:
        return queries.invoice_with_parts(number)
    except Invoice.DoesNotExist:
        raise Http404 from None


def standing(number: str) -> Invoice:
    """An invoice that still asks for its money or has it. Raises Http404 for others."""
    found = one(number)
    if not found.is_claim or found.state == "cancelled":
        raise Http404
    return found


def crumbs(found: Invoice) -> list[dict[str, str]]:
    """Where the page lies."""
    return [
        {"title": _("Invoices"), "url": reverse("finance:invoices")},
        {"title": found.number, "url": reverse("finance:invoice", args=[found.number])},
    ]


def taxes(found: Invoice) -> list[dict[str, Any]]:
    """The VAT rows with the rate in words."""
    return [{**row, "rate": rate_text(row["rate_bp"])} for row in found.taxes]


def is_untaxed(found: Invoice) -> bool:
    """Whether the document has no VAT because of the buyer's VAT id."""
    return any(row["category"] in retax.UNTAXED for row in found.taxes)


def advice(found: Invoice, checks: list[VatIdCheck]) -> str:
    """What the newest answer of the register means for an invoice that stands otherwise; "" when it fits.

    checks: those of the buyer's VAT id, newest first.
    """
    if not found.is_claim or found.state == "cancelled":
        return ""
    answer = next((check for check in checks if check.outcome != VatIdCheck.UNANSWERED), None)
    if answer is None:
        return ""
    if is_untaxed(found) and not answer.is_valid:
        return _(
            "The register now says that the buyer's VAT id is not valid, but this invoice has no VAT. What counts is "
            "the answer on the day of delivery; if the supply is taxable, correct the invoice “with VAT”."
        )
    home = settings.KONTOR_HOME_COUNTRY
    abroad = country_of(answer.vat_id)
    if answer.is_valid and not is_untaxed(found) and {abroad, found.vat_country} <= EU - {home}:
        return _(
            "The register has confirmed the buyer's VAT id, but this invoice contains VAT. If the buyer asks for it, "
            "correct the invoice “without VAT”; what was paid too much is then the buyer's credit."
        )
    return ""
