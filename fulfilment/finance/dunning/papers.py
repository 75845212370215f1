"""The letter of a notice as PDF, from the facts kept with it: printed again years later it says the same."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from fulfilment.finance.invoicing.einvoice import Party, PaymentInstructions

from .letter import DunningItem, DunningLetter, letter_pdf
from .links import url_of
from .models import DunningNotice


def notice_pdf(notice_id: int) -> bytes:
    """The PDF of a notice. DunningNotice.DoesNotExist if there is none."""
    notice = DunningNotice.objects.prefetch_related("items__invoice").get(pk=notice_id)
    return letter_pdf(letter_of(notice), notice.language)


def letter_of(notice: DunningNotice) -> DunningLetter:
    """What is printed of a notice."""
    facts = notice.facts
    items = tuple(
        DunningItem(
            invoice_number=item.invoice.number,
            invoice_date=item.invoice.issued_on,
            due_date=item.invoice.due_on,
            days_overdue=item.days_overdue,
            open_minor=item.open_minor,
            interest_minor=item.interest_minor,
            fee_minor=item.fee_minor,
        )
        for item in notice.items.all()
    )
    return DunningLetter(
        number=notice.number,
        date=notice.issued_on,
        level=notice.level,
        title=facts["title"],
        opening=facts["opening"],
        closing=facts["closing"],
        seller=Party(**facts["seller"]),
        recipient=Party(**facts["recipient"]),
        items=items,
        pay_until=notice.pay_until,
        payment=PaymentInstructions(**facts["payment"]),
        currency=notice.currency,
        lump_sum_minor=notice.lump_sum_minor,
        earlier_minor=notice.earlier_minor,
        interest_note=_interest_note(notice),
        customer_number=str(notice.user_id or ""),
        pay_url=url_of(notice),
    )


def _interest_note(notice: DunningNotice) -> str:
    """Rate and days in words, so that the reader can reckon it again."""
    parts = [part for row in notice.facts.get("interest", []) for part in row["parts"]]
    if not parts:
        return ""
    rates = sorted({part["rate_bp"] for part in parts})
    with translation.override(notice.language):
        text = ", ".join(f"{rate / 100:.2f} %" for rate in rates)
        if notice.language == "de":
            text = text.replace(".", ",")
        return _("Default interest of %(rates)s a year, by the day, § 288 BGB.") % {"rates": text}
