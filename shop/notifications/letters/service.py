"""Letters of customer service."""

from __future__ import annotations

from django.utils.translation import gettext as _

from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.words import moment
from shop.kernel.text import clean_line
from shop.notifications import facts
from shop.notifications.letter import Block, Facts, Goods, Item, Letter, Paragraph

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
