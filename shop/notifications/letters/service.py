"""Letters of customer service."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from fulfilment.customer_service.cases import access
from fulfilment.customer_service.cases.models import Case, Message
from fulfilment.customer_service.returns.models import Authorisation
from fulfilment.customer_service.returns.told import postage_words
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.words import moment
from fulfilment.warehouse.stock.actions import default_site
from shop.kernel.text import clean_line
from shop.notifications import facts
from shop.notifications.letter import Attachment, Block, Button, Facts, Goods, Item, Letter, Paragraph
from shop.ui.times import long_date

from .money import PDF
from .orders import link, signature


def withdrawal_received(withdrawal: Withdrawal) -> Letter:
    """The receipt of § 356a (4) BGB on a durable medium: what was declared, and when it arrived, to the second."""
    at = moment(withdrawal.received_at, withdrawal.language)
    rows = [
        (_("Receipt number"), withdrawal.number),
        (_("Received on"), at),
        (_("Name"), clean_line(withdrawal.name)),
        (_("Contract"), clean_line(withdrawal.contract)),
        (_("Extent"), _("The whole order") if withdrawal.is_whole_order else ""),
        (_("E-mail address"), withdrawal.email),
    ]
    strong = frozenset({_("Receipt number"), _("Received on")})
    blocks: list[Block] = [
        Paragraph(
            _("Your declaration that you withdraw from the contract named here has reached us on %(moment)s.")
            % {"moment": at}
            + " "
            + _("You have declared:")
        ),
        Paragraph(_("I hereby withdraw from the contract named here.")),
        Facts([(name, value) for name, value in rows if value], title=_("Your declaration"), strong=strong),
        *_chosen(withdrawal),
        Paragraph(
            _(
                "We look for your order and write to you how the goods come back to us. You get your money back within "
                "14 days of today; we may wait until the goods are here or you show that you have sent them."
            )
        ),
        Paragraph(
            _(
                "Please keep this mail: it is the receipt of your withdrawal. If you have not declared it, please "
                "answer us."
            ),
            small=True,
        ),
    ]
    return Letter(
        subject=_("Receipt of your withdrawal %(number)s") % {"number": withdrawal.number},
        preheader=_("Received on %(moment)s.") % {"moment": at},
        heading=_("We have received your withdrawal"),
        greeting=facts.hello(""),
        blocks=blocks,
        closing=signature(),
    )


def _chosen(withdrawal: Withdrawal) -> list[Block]:
    """The lines that were chosen, where some were."""
    items = [
        Item(
            line["title"],
            _("article no. %(sku)s") % {"sku": line["sku"]} if line["sku"] else "",
            line["quantity"],
        )
        for line in withdrawal.lines
    ]
    return [Goods(items=items, title=_("You withdraw from these articles"))] if items else []


def return_explained(authorisation: Authorisation) -> Letter:
    """How goods come back: the slip for the parcel, where to, by when, and who pays for the way."""
    returning = authorisation.returning
    order = returning.order
    day = long_date(authorisation.send_by, order.language)
    items = [
        Item(
            item.order_line.title,
            _("article no. %(sku)s") % {"sku": item.order_line.partner_sku},
            item.quantity,
        )
        for item in returning.items.all()
        if item.order_line is not None and item.quantity_announced
    ]
    where = default_site()
    address = [where.company or where.name, where.street, f"{where.postcode} {where.city}"]
    blocks: list[Block] = [
        Paragraph(
            _(
                "Please send the goods to us by %(day)s, with the attached slip in the parcel. It tells us your order."
            )
            % {"day": day}
        ),
        *([Goods(items=items, title=_("This comes back"))] if items else []),
        Facts(
            [
                (_("Return number"), returning.number),
                (_("To"), ", ".join(part for part in address if part.strip())),
                (_("Send by"), day),
                (_("Postage"), str(authorisation.get_payer_display())),
            ],
            strong=frozenset({_("Return number")}),
        ),
        Paragraph(postage_words(authorisation)),
        link(order),
        Paragraph(
            _("There you also see how your return stands, and can tell us the number of your parcel."),
            small=True,
        ),
    ]
    return Letter(
        subject=_("Your return %(number)s: how to send it") % {"number": returning.number},
        preheader=_("Please send it by %(day)s.") % {"day": day},
        heading=_("How your goods come back to us"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
        attachments=[
            Attachment(f"{_('return-slip')}-{returning.number}.pdf", PDF, f"return-slip:{returning.pk}")
        ],
    )


def case_received(case: Case) -> Letter:
    """What the customer wants has arrived: its number, what it is about, and where to follow it."""
    rows = [
        (_("Number"), case.number),
        (_("About"), str(case.get_reason_display())),
        (_("Order number"), case.order.number if case.order else ""),
    ]
    blocks: list[Block] = [
        Paragraph(_("Thank you for writing to us. We have received the following and look at it soon.")),
        Facts([(name, value) for name, value in rows if value], strong=frozenset({_("Number")})),
        *_lines(case),
        _case_button(case),
        Paragraph(_("There you can add something or send us pictures, without an account."), small=True),
    ]
    return Letter(
        subject=_("We have received your request %(number)s") % {"number": case.number},
        preheader=_("We look at it soon and write to you."),
        heading=_("We have received your request"),
        greeting=facts.hello(case.name),
        blocks=blocks,
        closing=signature(),
    )


def case_answered(case: Case, message: Message) -> Letter:
    """The words of staff to the customer, as they were written."""
    paragraphs = [part.strip() for part in message.body.split("\n\n") if part.strip()]
    blocks: list[Block] = [*[Paragraph(part) for part in paragraphs], _case_button(case)]
    return Letter(
        subject=_("Our answer to your request %(number)s") % {"number": case.number},
        preheader=clean_line(message.body)[:90],
        heading=_("Our answer to your request %(number)s") % {"number": case.number},
        greeting="",
        blocks=blocks,
        closing=signature(),
    )


def _case_button(case: Case) -> Button:
    url = settings.SITE_URL + reverse("help-case", args=[access.token(case)])
    return Button(_("Open your request"), url)


def _lines(case: Case) -> list[Block]:
    items = [
        Item(
            line["title"],
            _("article no. %(sku)s") % {"sku": line["sku"]} if line["sku"] else "",
            line["quantity"],
        )
        for line in case.lines
    ]
    return [Goods(items=items, title=_("It is about these articles"))] if items else []
