"""Payment reminders and dunning notices as letters."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fulfilment.finance.invoicing import epc_qr
from fulfilment.finance.invoicing import letterhead as head
from fulfilment.finance.invoicing.einvoice import Party, PaymentInstructions
from shop.kernel import pdf


@dataclass(frozen=True, slots=True)
class DunningItem:
    """One overdue invoice; amounts in minor units."""

    invoice_number: str
    invoice_date: dt.date
    due_date: dt.date
    days_overdue: int
    open_minor: int  #: what is still unpaid of the invoice itself
    interest_minor: int = 0
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class DunningLetter:
    """One letter to one customer for all their open items. Title, opening and closing are the policy's texts
    for the level and language, with their placeholders filled."""

    number: str
    date: dt.date
    level: int  #: 0 the friendly reminder, 1 and 2 notices, 3 the final notice
    title: str  #: "Zahlungserinnerung", "1. Mahnung"
    opening: str
    closing: str
    seller: Party
    recipient: Party
    items: tuple[DunningItem, ...]
    pay_until: dt.date
    payment: PaymentInstructions
    currency: str = "EUR"
    earlier_minor: int = 0  #: interest and costs that earlier letters asked for and that are still open
    lump_sum_minor: int = 0  #: § 288 (5) BGB, businesses only, once
    interest_note: str = ""  #: rate and rule, "9 percentage points above the base rate, § 288 (2) BGB"
    customer_number: str = ""
    pay_url: str = ""  #: where it can be paid online, and a promise noted

    @property
    def open_minor(self) -> int:
        """The unpaid principal of all items."""
        return sum(item.open_minor for item in self.items)

    @property
    def interest_minor(self) -> int:
        """Default interest on all items."""
        return sum(item.interest_minor for item in self.items)

    @property
    def fee_minor(self) -> int:
        """Dunning costs on all items."""
        return sum(item.fee_minor for item in self.items)

    @property
    def total_minor(self) -> int:
        """What the customer is asked to pay: principal, interest, costs and lump sum, with those of earlier letters."""
        added = self.interest_minor + self.fee_minor + self.lump_sum_minor + self.earlier_minor
        return self.open_minor + added


def letter_pdf(letter: DunningLetter, lang: str) -> bytes:
    """The letter as PDF/A-3b in ``lang`` ("de" or "en"); its own words (table, payment) follow the language,
    the policy's texts are printed as they are. Raises ValueError when there is nothing to demand."""
    if not letter.items or letter.total_minor <= 0:
        raise ValueError("a dunning letter without an open amount is not sent")
    with translation.override(lang):
        data = _data(letter, lang)
    return pdf.render(pdf.DOCUMENTS / "dunning_letter.typ", data, standard="a-3b", lang=lang)


def _data(letter: DunningLetter, lang: str) -> dict[str, Any]:
    facts = {
        "amount": head.money(letter.total_minor, letter.currency, lang),
        "date": head.day(letter.pay_until, lang),
    }
    return {
        "labels": head.labels(),
        "letter": head.letter(
            seller=letter.seller,
            recipient=letter.recipient,
            title=letter.title,
            running=f"{letter.title} {letter.number}",
            info=_info(letter, lang),
            payment=letter.payment,
            lang=lang,
        ),
        "opening": letter.opening,
        "columns": [
            _("Invoice"),
            _("Date"),
            pgettext("date", "Due"),
            _("Days overdue"),
            pgettext("amount", "Open"),
        ],
        "items": [_row(item, letter.currency, lang) for item in letter.items],
        "sums": _sums(letter, lang),
        "total": [_("Total due"), facts["amount"]],
        "interest_note": letter.interest_note,
        "payment": head.transfer_block(
            letter.payment,
            amount_minor=letter.total_minor,
            currency=letter.currency,
            heading=_("Please transfer %(amount)s by %(date)s.") % facts,
            lang=lang,
        ),
        "closing": letter.closing,
        "pay_url": letter.pay_url,
        "pay_label": _("Pay online or say when you pay"),
        "pay_svg": _qr(letter.pay_url),
    }


def _qr(url: str) -> str:
    """The link as a code for a phone's camera; "" without one."""
    return epc_qr.svg(url) if url else ""


def _info(letter: DunningLetter, lang: str) -> list[tuple[str, str]]:
    return [
        (_("Date"), head.day(letter.date, lang)),
        (_("Our reference"), letter.number),
        (_("Customer number"), letter.customer_number or letter.recipient.customer_number),
        (_("Email"), letter.seller.email),
        (_("Phone"), letter.seller.phone),
    ]


def _row(item: DunningItem, currency: str, lang: str) -> list[str]:
    return [
        item.invoice_number,
        head.short_day(item.invoice_date, lang),
        head.short_day(item.due_date, lang),
        str(item.days_overdue),
        head.money(item.open_minor, currency, lang),
    ]


def _sums(letter: DunningLetter, lang: str) -> list[list[str]]:
    """Principal and what was added to it, each shown only when there is any."""
    extras = [
        (_("Interest and costs of earlier letters"), letter.earlier_minor),
        (_("Default interest"), letter.interest_minor),
        (_("Dunning costs"), letter.fee_minor),
        (_("Lump sum for default, § 288 (5) BGB"), letter.lump_sum_minor),
    ]
    added = [(label, amount) for label, amount in extras if amount]
    if not added:
        return []
    rows = [(_("Open invoices"), letter.open_minor), *added]
    return [[label, head.money(amount, letter.currency, lang)] for label, amount in rows]
