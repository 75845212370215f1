"""What every letter of finance shares: address, footer, how amounts and days are written, the block on
paying."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from babel import Locale, dates, numbers
from django.utils.translation import gettext as _
from stdnum import iban as iban_rules

from shop.kernel.money import to_decimal

from . import epc_qr
from .einvoice.model import Party, PaymentInstructions

_ADDRESS_LINES, _ADDRESS_WIDTH = 6, 58  # the window of DIN 5008 holds no more


def money(amount_minor: int, currency: str, lang: str) -> str:
    """An amount as people write it: 1.234,50 € in German, €1,234.50 in English."""
    return _minus(numbers.format_currency(to_decimal(amount_minor, currency), currency, locale=lang))


def unit_price(gross_minor: int, quantity: int, currency: str, lang: str) -> str:
    """The price of one piece, with up to four decimals when the pieces do not divide the amount."""
    if gross_minor % quantity == 0:
        return money(gross_minor // quantity, currency, lang)
    price = (to_decimal(gross_minor, currency) / quantity).quantize(Decimal("0.0001"))
    return numbers.format_currency(price, currency, locale=lang, decimal_quantization=False)


def day(date: dt.date, lang: str) -> str:
    """A date written out: 20. November 2026, 20 November 2026."""
    return dates.format_date(date, "d. MMMM yyyy" if lang.startswith("de") else "d MMMM yyyy", locale=lang)


def short_day(date: dt.date, lang: str) -> str:
    """A date for table cells: 20.11.2026, 20/11/2026 (day first in English too: the shop is European)."""
    return dates.format_date(date, "dd.MM.yyyy" if lang.startswith("de") else "dd/MM/yyyy", locale=lang)


def percent(rate_bp: int, lang: str) -> str:
    """A rate in basis points as percent: 19 %, 5,5 %."""
    rate = numbers.format_decimal(Decimal(rate_bp) / 100, "0.##", locale=lang)
    return f"{rate}\u00a0%" if lang.startswith("de") else f"{rate}%"


def address_lines(party: Party, home: str, lang: str) -> list[str]:
    """The lines of the window, the country in capitals only when it is not ``home``; at most six, none too
    long."""
    place = f"{party.postcode} {party.city}".strip()
    country = "" if party.country == home else country_name(party.country, lang).upper()
    lines = [party.name, party.contact, party.extra, party.street, place, country]
    return [shortened(line) for line in lines if line.strip()][:_ADDRESS_LINES]


def country_name(code: str, lang: str) -> str:
    """A country's name in ``lang``; its code when it is not known."""
    return Locale.parse(lang).territories.get(code, code)


def letter(
    *,
    seller: Party,
    recipient: Party,
    title: str,
    running: str,
    info: Sequence[tuple[str, str]],
    payment: PaymentInstructions | None,
    lang: str,
) -> dict[str, Any]:
    """The data of letter.typ that all letters have. Call it with ``lang`` active (gettext)."""
    place = f"{seller.postcode} {seller.city}".strip()
    brand = seller.trading_name or seller.name
    return {
        "brand": shortened(brand),
        "brand_line": shortened(seller.name) if brand != seller.name else "",
        "sender_line": shortened(" · ".join(filter(None, [seller.name, seller.street, place])), 78),
        "address": address_lines(recipient, seller.country, lang),
        "title": title,
        "running": running,
        "info": [[label, shortened(value, 40)] for label, value in info if value],
        "footer": _footer(seller, payment, place),
    }


def labels() -> dict[str, str]:
    """The words that letter.typ itself prints; call it with the language active."""
    return {"page": _("Page {page} of {pages}")}


def transfer_block(
    payment: PaymentInstructions, *, amount_minor: int, currency: str, heading: str, lang: str
) -> dict[str, Any]:
    """The block that tells where to transfer an amount to, with the EPC QR code for euro."""
    rows = [
        (_("Payee"), payment.account_name),
        (_("IBAN"), iban_rules.format(payment.iban)),
        (_("BIC"), payment.bic),
        (_("Bank"), payment.bank_name),
        (_("Amount"), money(amount_minor, currency, lang)),
        (_("Reference"), payment.reference),
    ]
    return {
        "heading": heading,
        "rows": [[label, shortened(value, 140)] for label, value in rows if value],
        "qr_svg": _qr(payment, amount_minor, currency),
        "qr_label": _("Scan with your banking app"),
    }


def _qr(payment: PaymentInstructions, amount_minor: int, currency: str) -> str:
    if currency != "EUR" or not 0 < amount_minor <= epc_qr.LARGEST_MINOR or not payment.account_name:
        return ""
    return epc_qr.svg(
        epc_qr.payload(
            name=payment.account_name,
            iban=payment.iban,
            bic=payment.bic,
            amount_minor=amount_minor,
            reference=payment.reference,
        )
    )


def _footer(seller: Party, payment: PaymentInstructions | None, place: str) -> list[list[str]]:
    """The seller's register data, § 35a GmbHG and § 14 UStG: who, reachable how, registered where, bank."""
    tax = [
        _("VAT ID: %(id)s") % {"id": seller.vat_id} if seller.vat_id else "",
        _("Tax number: %(number)s") % {"number": seller.tax_number} if seller.tax_number else "",
    ]
    bank = []
    if payment and payment.iban:
        bank = [payment.bank_name, iban_rules.format(payment.iban), payment.bic]
    columns = [
        [seller.name, seller.street, place],
        [seller.phone, seller.email, seller.website],
        [seller.register, seller.managers, *tax],
        bank,
    ]
    return [rows for rows in ([row for row in column if row] for column in columns) if rows]


def _minus(amount: str) -> str:
    """A real minus sign: a hyphen is hard to see before a small amount."""
    return amount.replace("-", "\u2212")


def shortened(line: str, width: int = _ADDRESS_WIDTH) -> str:
    """``line`` in one line of at most ``width`` characters; the XML keeps what is cut here."""
    line = " ".join(line.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
