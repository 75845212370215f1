"""A claim's papers in one PDF: statement by day, every letter, the invoice. And the statement alone."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fulfilment.finance.invoicing import letterhead as head
from fulfilment.finance.invoicing.einvoice import Party
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import invoice_pdf_bytes
from shop.kernel import clock, pdf

from .papers import notice_pdf
from .statement import Row, Statement, statement


def dossier_pdf(invoice: Invoice) -> bytes:
    """Everything a collector needs, one file: what is owed and why, what was sent, what was sold."""
    import pikepdf  # takes its time to load, and few pages need it

    papers = [statement_pdf(statement(invoice=invoice, until=clock.today()), invoice.language)]
    papers += [
        notice_pdf(pk) for pk in invoice.dunning_items.order_by("level").values_list("notice", flat=True)
    ]
    papers.append(invoice_pdf_bytes(invoice.pk))
    whole = pikepdf.Pdf.new()
    for paper in papers:
        with pikepdf.Pdf.open(io.BytesIO(paper)) as opened:
            whole.pages.extend(opened.pages)
    out = io.BytesIO()
    whole.save(out)
    return out.getvalue()


def statement_pdf(found: Statement, lang: str) -> bytes:
    """The account of one claim as PDF/A-3b, in ``lang`` ("de" or "en")."""
    with translation.override(lang):
        data = _data(found, lang)
    return pdf.render(pdf.DOCUMENTS / "claim_statement.typ", data, standard="a-3b", lang=lang)


def _data(found: Statement, lang: str) -> dict[str, Any]:
    invoice = found.invoice
    currency = invoice.currency
    title = _("Statement of claim, invoice %(number)s") % {"number": invoice.number}
    facts = {"day": head.day(found.until, lang), "due": head.day(invoice.due_on, lang)}

    def money(amount_minor: int) -> str:
        return head.money(amount_minor, currency, lang) if amount_minor else ""

    return {
        "labels": head.labels(),
        "letter": head.letter(
            seller=Party(**invoice.seller),
            recipient=Party(**invoice.buyer),
            title=title,
            running=title,
            info=[
                (_("Date"), head.day(found.until, lang)),
                (_("Invoice"), invoice.number),
                (_("Order"), invoice.order_number),
                (_("Customer number"), str(invoice.user_id or "")),
            ],
            payment=None,
            lang=lang,
        ),
        "opening": _("The account of this claim up to %(day)s. The invoice was due on %(due)s.") % facts,
        "columns": [
            _("Date"), pgettext("statement", "What"), _("Invoice"), _("Interest"), _("Costs"), _("Balance"),
        ],
        "rows": [
            [
                head.short_day(row.day, lang), _words(row, lang), money(row.principal_minor),
                money(row.interest_minor), money(row.costs_minor), head.money(row.balance_minor, currency, lang),
            ]
            for row in found.rows
        ],
        "sums": [
            [_("Open of the invoice"), head.money(found.principal_minor, currency, lang)],
            [_("Default interest"), head.money(found.interest_minor, currency, lang)],
            [_("Costs and lump sum"), head.money(found.costs_minor, currency, lang)],
        ],
        "total": [_("Total due"), head.money(found.total_minor, currency, lang)],
        "note": _(
            "Interest by the day, actual/365, at the base rate of § 247 BGB plus the points of § 288 BGB; no interest "
            "on interest (§ 289 BGB)."
        ),
    }  # fmt: skip


def _words(row: Row, lang: str) -> str:
    if not row.days:
        return row.text
    words = {
        "days": row.days,
        "rate": head.percent(row.rate_bp, lang),
        "base": head.percent(row.base_bp, lang),
        "first": head.short_day(row.day - dt.timedelta(days=row.days - 1), lang),
    }
    return f"{row.text}\n" + _("from %(first)s, %(days)d days at %(rate)s (base rate %(base)s)") % words
