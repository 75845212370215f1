"""Letters on money: invoice, reminder of a prepayment, refund, dunning notice."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment.models import CREDIT
from checkout.payment.models import INVOICE as ON_ACCOUNT
from checkout.vat_ids.rules import is_leitweg
from fulfilment.finance.dunning import links
from fulfilment.finance.dunning.models import DunningNotice
from fulfilment.finance.invoicing.letterhead import day, money
from fulfilment.finance.invoicing.models import CANCELLATION, CREDIT_NOTE, Invoice
from fulfilment.finance.reconciliation.models import PayerQuestion
from fulfilment.finance.reports.models import CustomerStatement
from shop.kernel.text import clean_line
from shop.notifications import facts
from shop.notifications.letter import Attachment, Block, Button, Facts, Letter, Paragraph

from .orders import link, signature

PDF, XML = "application/pdf", "application/xml"
SHOWN_OF_IBAN = 4  #: characters at its end


def invoice_issued(order: Order, invoice: Invoice) -> Letter:
    """An invoice, a credit note or a cancellation, as PDF with its electronic invoice inside."""
    number = {"number": invoice.number, "order": order.number}
    if invoice.kind == CREDIT_NOTE:
        return _correction(order, invoice, _("Credit note %(number)s for your order %(order)s") % number)
    if invoice.kind == CANCELLATION:
        return _correction(order, invoice, _("Cancellation %(number)s for your order %(order)s") % number)
    amount = money(invoice.gross_minor, invoice.currency, order.language)
    bank: list[Block] = []
    code: list[Attachment] = []
    if invoice.open_minor > 0 and order.payment_method == ON_ACCOUNT:
        left = money(invoice.open_minor, invoice.currency, order.language)
        due = day(invoice.due_on, order.language)
        text = _(
            "Attached is the invoice for your order %(order)s. Please transfer %(amount)s by %(due)s."
        ) % {
            "order": order.number,
            "amount": left,
            "due": due,
        }
        preheader = _("%(amount)s, due on %(due)s") % {"amount": left, "due": due}
        bank, code = facts.bank(
            amount_minor=invoice.open_minor,
            currency=invoice.currency,
            reference=invoice.number,
            until=invoice.due_on,
            language=order.language,
        )
    else:
        text, preheader = _asks_for_nothing(invoice, amount)
    rows = [
        (_("Invoice number"), invoice.number),
        (_("Invoice date"), day(invoice.issued_on, order.language)),
        (_("Invoice amount"), amount),
    ]
    return Letter(
        subject=_("Invoice %(number)s for your order %(order)s") % number,
        preheader=preheader,
        heading=_("Your invoice"),
        greeting=facts.greeting(order),
        blocks=[*_replaced(invoice), Paragraph(text), Facts(rows), *bank, link(order), _about_einvoice()],
        closing=signature(),
        attachments=[*_documents(invoice), *code],
    )


def _asks_for_nothing(invoice: Invoice, amount: str) -> tuple[str, str]:
    """Words and preview of an invoice that was paid in advance, is paid, or is over 0.00."""
    number = {"order": invoice.order_number}
    if invoice.open_minor > 0:  # only our books have not come to the money yet: nobody is asked twice
        return _("Attached is the invoice for your order %(order)s. Please keep it.") % number, amount
    if not invoice.gross_minor:
        return _("Attached is the invoice for your order %(order)s. Nothing is to be paid.") % number, amount
    text = _("Attached is the invoice for your order %(order)s. It is paid; please keep it.") % number
    return text, _("%(amount)s, already paid") % {"amount": amount}


def _replaced(invoice: Invoice) -> list[Block]:
    """What became of the invoice before, when this one stands in its place."""
    if invoice.replaces is None:
        return []
    return [
        Paragraph(
            _(
                "We have corrected your invoice %(old)s: it is cancelled by the attached cancellation and replaced by "
                "the new invoice %(new)s. What you have paid counts for the new one."
            )
            % {"old": invoice.replaces.number, "new": invoice.number}
        )
    ]


def _documents(invoice: Invoice) -> list[Attachment]:
    """The invoice, the cancellation of the one it replaces, and for public buyers the XRechnung."""
    found = [_pdf(invoice)]
    if invoice.replaces is not None:
        found += [_pdf(one) for one in invoice.replaces.corrections.filter(kind=CANCELLATION)]
    if is_leitweg(invoice.buyer_reference):
        found.append(Attachment(f"{invoice.number}-xrechnung.xml", XML, f"xrechnung:{invoice.pk}"))
    return found


def _correction(order: Order, invoice: Invoice, subject: str) -> Letter:
    amount = money(invoice.gross_minor, invoice.currency, order.language)
    rows = [
        (_("Document number"), invoice.number),
        (_("Corrects invoice"), invoice.corrects.number if invoice.corrects else ""),
        (_("Date"), day(invoice.issued_on, order.language)),
        (_("Amount"), amount),
    ]
    text = _(
        "Attached is the document that corrects the invoice for your order %(order)s. You need not do anything; if you "
        "have paid too much, the money comes back to you."
    ) % {"order": order.number}
    return Letter(
        subject=subject,
        preheader=amount,
        heading=_("Your invoice was corrected"),
        greeting=facts.greeting(order),
        blocks=[Paragraph(text), Facts([row for row in rows if row[1]]), link(order), _about_einvoice()],
        closing=signature(),
        attachments=[_pdf(invoice)],
    )


def _pdf(invoice: Invoice) -> Attachment:
    return Attachment(f"{invoice.number}.pdf", PDF, f"invoice:{invoice.pk}")


def _about_einvoice() -> Paragraph:
    return Paragraph(
        _("The PDF also holds the electronic invoice (ZUGFeRD, EN 16931) for accounting programs."),
        small=True,
    )


def prepayment_reminder(order: Order, *, amount_minor: int, until: dt.date) -> Letter:
    """A prepayment has not come yet; friendly, the order still waits."""
    amount = money(amount_minor, order.currency, order.language)
    last = day(until, order.language)
    bank, code = facts.bank(
        amount_minor=amount_minor,
        currency=order.currency,
        reference=order.number,
        until=until,
        language=order.language,
    )
    blocks: list[Block] = [
        Paragraph(
            _(
                "Your order %(number)s is ready to be packed, only your transfer of %(amount)s has not reached us yet. "
                "We keep the goods for you until %(day)s; after that the order is cancelled by itself."
            )
            % {"number": order.number, "amount": amount, "day": last}
        ),
        Paragraph(_("If you have paid in the meantime, thank you: then you need not do anything.")),
        *bank,
        facts.listed(order),
        link(order),
    ]
    return Letter(
        subject=_("Your order %(number)s is waiting for your transfer") % {"number": order.number},
        preheader=_("We keep the goods for you until %(day)s.") % {"day": last},
        heading=_("Your order is waiting for you"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
        attachments=code,
    )


def refunded(order: Order, *, amount_minor: int, currency: str, method: str) -> Letter:
    """Money went back."""
    amount = money(amount_minor, currency, order.language)
    if method == CREDIT:
        return _as_credit(order, amount)
    way = (
        _("The amount appears on your card account within a few days, depending on your bank.")
        if method == "card"
        else _("The amount appears on your bank account within a few days.")
    )
    rows = [
        (_("Order number"), order.number),
        (_("Amount"), amount),
        (_("Payment"), facts.method_name(method)),
    ]
    return Letter(
        subject=_("Refund for your order %(number)s: %(amount)s")
        % {"number": order.number, "amount": amount},
        preheader=way,
        heading=_("Your money is on its way back"),
        greeting=facts.greeting(order),
        blocks=[
            Paragraph(
                _("We have sent %(amount)s back to you for your order %(number)s.")
                % {"amount": amount, "number": order.number}
                + " "
                + way
            ),
            Facts(rows, strong=frozenset({_("Amount")})),
            link(order),
        ],
        closing=signature(),
    )


def _as_credit(order: Order, amount: str) -> Letter:
    """It is on the customer's account already: nothing is on its way."""
    what = _("It pays your next order first, and does not expire by itself. You find it in your account.")
    rows = [
        (_("Order number"), order.number),
        (_("Amount"), amount),
        (_("Payment"), facts.method_name(CREDIT)),
    ]
    return Letter(
        subject=_("Store credit of %(amount)s for your order %(number)s")
        % {"number": order.number, "amount": amount},
        preheader=what,
        heading=_("You have store credit"),
        greeting=facts.greeting(order),
        blocks=[
            Paragraph(
                _("%(amount)s of your order %(number)s are yours as store credit.")
                % {"amount": amount, "number": order.number}
                + " "
                + what
            ),
            Facts(rows, strong=frozenset({_("Amount")})),
            link(order),
        ],
        closing=signature(),
    )


def dunning(notice: DunningNotice) -> Letter:
    """A dunning notice in the words of its level (data, edited by finance); the PDF letter attached is what counts."""
    language, currency = notice.language, notice.currency
    payment = notice.facts["payment"]
    amount, last = money(notice.total_minor, currency, language), day(notice.pay_until, language)
    rows = [
        (
            item.invoice.number,
            _("%(amount)s, due on %(day)s")
            % {
                "amount": money(item.open_minor, currency, language),
                "day": day(item.invoice.due_on, language),
            },
        )
        for item in notice.items.all()
    ]
    extra = [
        (_("Interest and costs of earlier letters"), notice.earlier_minor),
        (_("Default interest"), notice.interest_minor),
        (_("Dunning fee"), notice.fee_minor),
        (_("Lump sum for late payment"), notice.lump_sum_minor),
    ]
    rows += [(name, money(minor, currency, language)) for name, minor in extra if minor]
    rows.append((_("Total"), amount))
    bank, code = facts.bank(
        amount_minor=notice.total_minor,
        currency=currency,
        reference=payment["reference"],
        until=notice.pay_until,
        language=language,
    )
    title = str(notice.facts["title"])
    return Letter(
        subject=_("%(title)s: please pay %(amount)s by %(day)s")
        % {"title": title, "amount": amount, "day": last},
        preheader=_("%(amount)s, please pay by %(day)s") % {"amount": amount, "day": last},
        heading=title,
        greeting=facts.hello(str(notice.facts["recipient"].get("name", ""))),
        blocks=[
            Paragraph(str(notice.facts["opening"])),
            Facts(rows, strong=frozenset({_("Total")})),
            *bank,
            Button(_("Pay online or say when you pay"), links.url_of(notice)),
            Paragraph(str(notice.facts["closing"])),
        ],
        closing=signature(),
        attachments=[Attachment(f"{notice.number}.pdf", PDF, f"dunning:{notice.pk}"), *code],
    )


def asked_about(question: PayerQuestion) -> Letter:
    """We cannot tell what a transfer was for. Of the account it came from only the end is named: whoever reads this may
    not be who sent it."""
    receipt, language = question.receipt, question.language
    amount, on = money(receipt.amount_minor, receipt.currency, language), day(receipt.booked_on, language)
    account = f"… {receipt.payer_iban[-SHOWN_OF_IBAN:]}" if receipt.payer_iban else ""
    rows = [
        (_("Amount"), amount),
        (_("Arrived on"), on),
        (_("Text of the transfer"), clean_line(receipt.text)[:200]),
        (_("From the account"), account),
    ]
    text = _(
        "a transfer of %(amount)s arrived on our account on %(day)s, and we cannot tell what it is for. Is it yours? "
        "Then please answer this mail with the number of the order or invoice. If it is not yours, you need not do "
        "anything."
    ) % {"amount": amount, "day": on}
    own = [Paragraph(question.words)] if question.words else []
    return Letter(
        subject=_("Your transfer of %(amount)s: what is it for?") % {"amount": amount},
        preheader=_("Please answer with the number of your order or invoice."),
        heading=_("A question about a transfer"),
        greeting=facts.hello(question.name),
        blocks=[Paragraph(text), Facts([row for row in rows if row[1]]), *own],
        closing=signature(),
    )


def statement(sent: CustomerStatement) -> Letter:
    """The account of a customer: the letter attached is what counts, the mail says how it ends."""
    until = day(sent.last_day, sent.language)
    words, amount = sent.printed["total"]
    return Letter(
        subject=_("Your account with us until %(day)s") % {"day": until},
        preheader=f"{words}: {amount}",
        heading=_("Statement of account"),
        greeting=facts.hello(sent.name),
        blocks=[
            Paragraph(
                _("Attached is your account with us until %(day)s, with every document and payment.")
                % {"day": until}
            ),
            Facts([(words, amount)], strong=frozenset({words})),
        ],
        closing=signature(),
        attachments=[Attachment(f"statement-{sent.last_day.isoformat()}.pdf", PDF, f"statement:{sent.pk}")],
    )
