"""Invoice, credit note and cancellation as people read them, with the XML that machines read inside
(ZUGFeRD)."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from shop.kernel import pdf

from . import letterhead as head
from .einvoice import EInvoice, Kind, Line, Totals, embed, to_xml, totals
from .einvoice.cii import EXEMPTIONS
from .einvoice.model import AllowanceCharge, VatCategory

_NAME, _DETAIL = 240, 160  # characters; a row has to fit on a page


def invoice_pdf(invoice: EInvoice, lang: str, *, xml: bytes | None = None) -> bytes:
    """The document as PDF/A-3b with its EN 16931 XML attached as factur-x.xml.

    lang: "de" or "en", the language of the printed words. xml: the archived bytes when they exist already
    (printed again); made from ``invoice`` when None. Raises EInvoiceError as ``to_xml`` does.
    """
    xml = to_xml(invoice) if xml is None else xml
    with translation.override(lang):
        data = _data(invoice, totals(invoice), lang)
        title = f"{_title(invoice)} {invoice.number}"
    page = pdf.render(pdf.DOCUMENTS / "invoice.typ", data, standard="a-3b", lang=lang)
    return embed(page, xml, title=title, author=invoice.seller.name, lang=lang)


def _title(invoice: EInvoice) -> str:
    # § 14 (2) UStG keeps the German word "Gutschrift" for self-billing, so a credit note is called a
    # correction there.
    titles = {
        Kind.INVOICE: _("Invoice"),
        Kind.CREDIT_NOTE: _("Credit note"),
        Kind.CANCELLATION: _("Cancellation"),
    }
    return titles[invoice.kind]


def _data(invoice: EInvoice, sums: Totals, lang: str) -> dict[str, Any]:
    """Everything invoice.typ prints, written out in the active language."""
    number = f"{_title(invoice)} {invoice.number}"
    return {
        "labels": head.labels(),
        "letter": head.letter(
            seller=invoice.seller,
            recipient=invoice.buyer,
            title=number,
            running=number,
            info=_info(invoice, lang),
            payment=invoice.payment,
            lang=lang,
        ),
        "opening": _opening(invoice, lang),
        "delivered_to": _delivered_to(invoice, lang),
        "columns": ["", _("Article"), _("Quantity"), _("Unit price"), _("VAT"), _("Amount")],
        "lines": [_line(line, invoice.currency, lang) for line in invoice.lines],
        "sums": _sums(invoice, lang),
        "total": [_total_label(invoice, sums), head.money(sums.gross_minor, invoice.currency, lang)],
        "after": _after(invoice, sums, lang),
        "tax_columns": [_("VAT rate"), _("Net"), _("VAT"), _("Gross")],
        "taxes": [
            [_rate(rate.category, rate.rate_bp, lang)]
            + [
                head.money(m, invoice.currency, lang)
                for m in (rate.net_minor, rate.vat_minor, rate.gross_minor)
            ]
            for rate in sums.rates
        ],
        "legal": _legal(invoice, sums, lang),
        "payment": _payment(invoice, sums, lang),
        "notes": list(invoice.notes),
    }


def _info(invoice: EInvoice, lang: str) -> list[tuple[str, str]]:
    return [
        (_("Date"), head.day(invoice.issue_date, lang)),
        (_("Delivery date"), head.day(invoice.delivery_date, lang) if invoice.delivery_date else ""),
        (_("Order number"), invoice.order_number),
        (_("Order date"), head.day(invoice.order_date, lang) if invoice.order_date else ""),
        (_("Your reference"), invoice.purchase_order or invoice.buyer_reference),
        (_("Customer number"), invoice.buyer.customer_number),
        (_("Your VAT ID"), invoice.buyer.vat_id),
        (_("Email"), invoice.seller.email),
        (_("Phone"), invoice.seller.phone),
    ]


def _opening(invoice: EInvoice, lang: str) -> str:
    if invoice.preceding is None:
        return _("Thank you for your order. We have delivered to you:")
    facts = {"number": invoice.preceding.number, "date": head.day(invoice.preceding.date, lang)}
    if invoice.kind is Kind.INVOICE:
        return (
            _("This invoice replaces our cancelled invoice %(number)s of %(date)s. We have delivered to you:")
            % facts
        )
    if invoice.kind is Kind.CANCELLATION:
        return _("This cancels our invoice %(number)s of %(date)s in full.") % facts
    return _("This credit note corrects our invoice %(number)s of %(date)s by the following:") % facts


def _delivered_to(invoice: EInvoice, lang: str) -> str:
    if invoice.ship_to is None or invoice.ship_to == invoice.buyer:
        return ""
    lines = head.address_lines(invoice.ship_to, invoice.seller.country, lang)
    return _("Delivered to: %(address)s") % {"address": ", ".join(lines)}


def _line(line: Line, currency: str, lang: str) -> dict[str, Any]:
    details = [", ".join(f"{name}: {value}" for name, value in line.attributes)]
    details.append(_("Item no. %(sku)s") % {"sku": line.sku} if line.sku else "")
    if line.discount_minor:
        amount = head.money(-line.discount_minor, currency, lang)
        details.append(f"{line.discount_reason or _('Discount')} {amount}")
    details.append(line.note)
    return {
        "name": head.shortened(line.name, _NAME),
        "details": [head.shortened(detail, _DETAIL) for detail in details if detail],
        "quantity": str(line.quantity),
        "price": head.unit_price(line.gross_minor + line.discount_minor, line.quantity, currency, lang),
        "rate": _rate(line.category, line.rate_bp, lang),
        "amount": head.money(line.gross_minor, currency, lang),
    }


def _sums(invoice: EInvoice, lang: str) -> list[list[str]]:
    """Goods, then each discount and charge by its reason (the rates it was spread over are added up
    again)."""
    if not invoice.allowances_charges:
        return []
    by_reason: dict[str, int] = {}
    for part in invoice.allowances_charges:
        by_reason[part.reason] = by_reason.get(part.reason, 0) + _signed(part)
    goods = sum(line.gross_minor for line in invoice.lines)
    rows = [(_("Goods"), goods), *by_reason.items()]
    return [[label, head.money(amount, invoice.currency, lang)] for label, amount in rows]


def _signed(part: AllowanceCharge) -> int:
    return part.gross_minor if part.is_charge else -part.gross_minor


def _total_label(invoice: EInvoice, sums: Totals) -> str:
    if invoice.kind is not Kind.INVOICE:
        return _("Credited incl. VAT") if sums.vat_minor else _("Credited amount")
    return _("Total incl. VAT") if sums.vat_minor else _("Total amount")


def _after(invoice: EInvoice, sums: Totals, lang: str) -> list[list[str]]:
    if not sums.prepaid_minor:
        return []
    paid = _("Already paid") if invoice.kind is Kind.INVOICE else _("Already refunded")
    left = _("Amount due") if invoice.kind is Kind.INVOICE else _("Still to be refunded")
    return [
        [paid, head.money(-sums.prepaid_minor, invoice.currency, lang)],
        [left, head.money(sums.due_minor, invoice.currency, lang)],
    ]


def _rate(category: VatCategory, rate_bp: int, lang: str) -> str:
    return (
        head.percent(rate_bp, lang)
        if category == VatCategory.STANDARD
        else f"{head.percent(0, lang)} ({category})"
    )


def _legal(invoice: EInvoice, sums: Totals, lang: str) -> list[str]:
    """The words the law wants where no VAT is shown, per category used, in the document's language."""
    words = []
    for rate in sums.rates:
        text = EXEMPTIONS[rate.category].printed(lang) if rate.category in EXEMPTIONS else ""
        text = invoice.exemption_reason if rate.category == VatCategory.EXEMPT else text
        if text:
            words.append(f"({rate.category}) {text}")
    return words


def _payment(invoice: EInvoice, sums: Totals, lang: str) -> dict[str, Any] | None:
    """How to pay, or that it is paid, or where a credit goes."""
    if invoice.kind is not Kind.INVOICE or sums.due_minor <= 0:
        return _settled(invoice, sums, lang)
    if invoice.payment is None or not invoice.payment.iban:
        return _due_message(invoice, lang)
    amount = head.money(sums.due_minor, invoice.currency, lang)
    heading = _("Please transfer %(amount)s.") % {"amount": amount}
    if invoice.due_date:
        facts = {"amount": amount, "date": head.day(invoice.due_date, lang)}
        heading = _("Please transfer %(amount)s by %(date)s.") % facts
    return head.transfer_block(
        invoice.payment, amount_minor=sums.due_minor, currency=invoice.currency, heading=heading, lang=lang
    )


def _due_message(invoice: EInvoice, lang: str) -> dict[str, Any] | None:
    if invoice.due_date is None:
        return _message(invoice.terms) if invoice.terms else None
    return _message(_("Please pay by %(date)s.") % {"date": head.day(invoice.due_date, lang)})


def _settled(invoice: EInvoice, sums: Totals, lang: str) -> dict[str, Any] | None:
    how = invoice.payment.text if invoice.payment else ""
    if invoice.kind is not Kind.INVOICE:
        text = _("We refund the amount the way you paid it, or settle it with what is open.")
        return (
            _message(text, how) if sums.due_minor > 0 else _message(_("The amount has been refunded."), how)
        )
    if not sums.gross_minor:
        return _message(_("Nothing is to be paid."))
    return _message(_("The amount is paid in full. Thank you."), how)


def _message(heading: str, how: str = "") -> dict[str, Any]:
    rows = [[_("Payment"), how]] if how else []
    return {"heading": heading, "rows": rows, "qr_svg": "", "qr_label": ""}
