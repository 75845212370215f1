"""Letters of customer service."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from fulfilment.customer_service.cases import access
from fulfilment.customer_service.cases.models import Case, Message
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.words import moment
from shop.kernel.text import clean_line
from shop.notifications import facts
from shop.notifications.letter import Block, Button, Facts, Goods, Item, Letter, Paragraph

from .orders import signature


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
