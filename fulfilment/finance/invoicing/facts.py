"""What an invoice copies on the day of issue (parties, payment), and back from there to the EInvoice document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.models import Line as OrderLine
from checkout.order.models import Order
from checkout.payment.models import CARD, CREDIT, Payment
from checkout.payment.rules import name_of
from checkout.vat_ids.rules import EU

from .einvoice import (
    AllowanceCharge,
    EInvoice,
    InvoiceReference,
    Kind,
    Line,
    Party,
    PaymentInstructions,
    VatCategory,
)
from .merchant import profile
from .models import Invoice, InvoiceLine

ADDRESS = ("street", "extra", "postcode", "city", "country")  #: of a party, without who they are
SEPA_TRANSFER, CARD_PAYMENT, BALANCED = (
    "58",
    "48",
    "97",
)  #: UNTDID 4461; 97: what two owe each other is set off


def seller_facts() -> dict[str, str]:
    """The merchant as of today, by the names of ``Party``."""
    today = profile()
    names = (
        "name", "trading_name", "street", "postcode", "city", "country", "vat_id", "tax_number", "register",
        "managers", "email", "phone", "website",
    )  # fmt: skip
    return {name: str(getattr(today, name)) for name in names}


def buyer_facts(order: Order) -> dict[str, str]:
    """Who owes: the billing address, else the delivery address, else the e-mail address alone."""
    facts = _address_facts(order.billing_address or order.shipping_address)
    facts["name"] = facts.get("name") or order.email or order.number
    facts["email"] = order.email or ""
    if order.company:  # the firm owes; the person is who asked for it
        facts |= {"name": order.company, "contact": facts["name"] if facts["name"] != order.email else ""}
        facts["extra"] = "" if facts.get("extra") == order.company else facts.get("extra", "")
    if order.vat_id:
        facts["vat_id"] = order.vat_id
    if order.user_id:
        facts["customer_number"] = str(order.user_id)
    return facts


def ship_to_facts(order: Order) -> dict[str, str] | None:
    """Where the goods went, when that is not the billing address."""
    if order.shipping_address is None:
        return None
    facts = _address_facts(order.shipping_address)
    billing = _address_facts(order.billing_address) if order.billing_address else facts
    return facts if facts != billing and facts.get("name") else None


def went_to(invoice: Invoice, buyer: Mapping[str, str]) -> dict[str, str] | None:
    """Where the goods of ``invoice`` went, for a document to another ``buyer``: they went where they went."""
    old = invoice.buyer
    if invoice.ship_to or all(old.get(part, "") == buyer.get(part, "") for part in ADDRESS):
        ship_to: dict[str, str] | None = invoice.ship_to
        return ship_to
    return {"name": old["name"]} | {part: old.get(part, "") for part in ADDRESS}


def payment_facts(order: Order, number: str) -> dict[str, str]:
    """How to pay (transfer, with our bank and the number as reference), or how it was paid (card, store credit)."""
    if order.payment_method == CREDIT:
        return {"means": BALANCED, "text": name_of(CREDIT), "reference": number}
    card = None
    if order.payment_method == CARD:
        paid = Payment.objects.of_order(order).filter(method=CARD, state__in=("captured", "disputed"))
        card = paid.first()
    if card is not None:
        digits = "".join(char for char in card.card_label if char.isdigit())[-4:]
        return {"means": CARD_PAYMENT, "text": card.card_label, "card_digits": digits, "reference": number}
    today = profile()
    if not today.iban:
        return {}
    return {
        "means": SEPA_TRANSFER,
        "iban": today.iban,
        "bic": today.bic,
        "account_name": today.name,
        "bank_name": today.bank_name,
        "reference": number,
    }


def line_attributes(line: OrderLine, language: str) -> list[list[str]]:
    """Size and colour as printed under the name, in the language of the invoice."""
    product = line.product
    if product is None:
        return []
    found = []
    with translation.override(language):
        if product.size:
            found.append([_("Size"), product.size])
        if product.colour_id and product.colour:
            found.append([_("Colour"), product.colour.name_local])
    return found


def vat_category(rate_bp: int, country: str, decided: str = "") -> VatCategory:
    """The category of EN 16931 for a rate and the country the goods go to; what was decided with the order stands."""
    if decided:
        return VatCategory(decided)
    if rate_bp:
        return VatCategory.STANDARD
    return VatCategory.ZERO if country in EU else VatCategory.EXPORT


def einvoice_for(invoice: Invoice) -> EInvoice:
    """The document behind an invoice, made of its own facts alone: the same bytes today and in eight years."""
    corrected = invoice.corrects or invoice.replaces
    return EInvoice(
        number=invoice.number,
        issue_date=invoice.issued_on,
        seller=Party(**invoice.seller),
        buyer=Party(**invoice.buyer),
        lines=tuple(_line(line) for line in invoice.lines.all()),
        kind=Kind(invoice.kind),
        currency=invoice.currency,
        allowances_charges=tuple(_charge(charge) for charge in invoice.charges),
        delivery_date=invoice.delivered_on,
        ship_to=Party(**invoice.ship_to) if invoice.ship_to else None,
        due_date=invoice.due_on if invoice.is_claim else None,
        terms="" if invoice.is_claim else _credit_terms(invoice.language),
        payment=PaymentInstructions(**invoice.payment) if invoice.payment else None,
        prepaid_minor=invoice.prepaid_minor,
        notes=tuple(invoice.notes) + ((invoice.reason,) if invoice.reason else ()),
        preceding=InvoiceReference(corrected.number, corrected.issued_on) if corrected else None,
        order_number=invoice.order_number,
        buyer_reference=invoice.buyer_reference,
        order_date=invoice.order_placed_on,
    )


def _credit_terms(language: str) -> str:
    """What becomes of a credited amount; EN 16931 wants a due date or these words (BR-CO-25)."""
    with translation.override(language):
        return _("We refund the amount the way you paid it, or settle it with what is open.")


def _line(line: InvoiceLine) -> Line:
    return Line(
        name=line.name,
        quantity=line.quantity,
        gross_minor=line.gross_minor,
        rate_bp=line.rate_bp,
        category=VatCategory(line.category),
        discount_minor=line.discount_minor,
        discount_reason=_kept_reason(line) or line.discount_reason,
        sku=line.sku,
        ean=line.ean,
        attributes=tuple((name, value) for name, value in line.attributes),
        vat_minor=line.vat_minor,
    )


def _kept_reason(line: InvoiceLine) -> str:
    """Why a credit note gives less than the price: in the language of its document."""
    if not line.kept_minor:
        return ""
    with translation.override(line.invoice.language):
        if not line.reduced_minor:
            return _("Loss of value")
        if line.reduced_minor == line.kept_minor:
            return _("Credited before")
        return _("Loss of value, and what was credited before")


def _charge(charge: dict[str, Any]) -> AllowanceCharge:
    return AllowanceCharge(**{**charge, "category": VatCategory(charge["category"])})


def _address_facts(address: Any) -> dict[str, str]:
    if address is None:
        return {}
    name = f"{address.first_name} {address.last_name}".strip()
    return {
        "name": name,
        "street": address.line1 or "",
        "extra": " ".join(filter(None, [address.line2, address.line3])),
        "postcode": address.postcode or "",
        "city": address.line4 or "",
        "country": address.country_id or "DE",
    }
