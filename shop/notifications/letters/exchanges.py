"""Letters on an exchange for a dearer size: how to pay the difference, and that it has ended."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from checkout.order import access
from checkout.order.models import Order
from checkout.payment.models import PREPAYMENT
from fulfilment.finance.invoicing.letterhead import day, money
from shop.notifications import facts
from shop.notifications.letter import Attachment, Block, Button, Letter, Paragraph

from .orders import link, signature, ways


def to_pay(order: Order, *, method: str, until: dt.datetime | None) -> Letter:
    """A dearer size is kept: what is to be paid for it, how, and until when."""
    amount = money(order.total_minor, order.currency, order.language)
    words = {"number": order.replaces.number if order.replaces else "", "amount": amount}
    blocks: list[Block] = [
        Paragraph(
            _(
                "We keep these goods for you in exchange for a part of your order %(number)s. They cost more than what "
                "you have: please pay %(amount)s. Then we tell you how to send the old ones back."
            )
            % words
        )
    ]
    code: list[Attachment] = []
    if method == PREPAYMENT:
        bank, code = facts.bank(
            amount_minor=order.total_minor,
            currency=order.currency,
            reference=order.number,
            until=timezone.localdate(until) if until else None,
            language=order.language,
        )
        blocks += [*bank, link(order)]
    else:
        blocks.append(Button(_("Pay the difference"), access.link(order, base=settings.SITE_URL)))
    if until:
        local = timezone.localtime(until)
        blocks.append(
            Paragraph(
                _(
                    "We wait for it until %(day)s, %(time)s. Without the payment the exchange ends by itself, and you "
                    "simply keep what you have."
                )
                % {"day": day(local.date(), order.language), "time": local.strftime("%H:%M")}
            )
        )
    blocks += [facts.listed(order), facts.addresses(order)]
    return Letter(
        subject=_("Your exchange for order %(number)s: please pay %(amount)s") % words,
        preheader=_("Your new size is kept for you."),
        heading=_("Your new size is kept for you"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
        attachments=code,
    )


def ended(order: Order, *, was_paid: bool) -> Letter:
    """The new size does not come: what becomes of the old piece, and of what was paid for the new one."""
    words = {"number": order.replaces.number if order.replaces else ""}
    text = _("The exchange for order %(number)s has ended; the new goods are not sent.") % words
    text += " " + (
        _("The difference that you paid goes back the way it came; we write to you when it is on its way.")
        if was_paid
        else _(
            "The difference was not paid, and you do not have to pay anything. Should your payment be on its way, we "
            "send it back."
        )
    )
    blocks: list[Block] = [
        Paragraph(text),
        Paragraph(
            _(
                "What you have not sent back you simply keep. What you have sent we look at, and write to you about it."
            )
        ),
        facts.listed(order),
        ways(order),
    ]
    return Letter(
        subject=_("Your exchange for order %(number)s has ended") % words,
        preheader=_("What happens to your money and your goods."),
        heading=_("Your exchange has ended"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )
