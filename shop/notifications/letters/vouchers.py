"""The letter with a voucher."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.vouchers.models import PersonalVoucher
from fulfilment.finance.invoicing.letterhead import day, money
from shop.notifications import facts
from shop.notifications.letter import Block, Button, Facts, Letter, Paragraph

from .orders import signature


def voucher_given(order: Order, given: PersonalVoucher) -> Letter:
    """A voucher as a gesture: the code, what it is worth and until when."""
    amount = money(given.amount_minor, given.currency, order.language)
    rows = [
        (_("Your code"), given.voucher.code),
        (_("Worth"), amount),
        (_("Valid until"), day(timezone.localtime(given.voucher.end_datetime).date(), order.language)),
    ]
    blocks: list[Block] = [
        Paragraph(
            _(
                "We are sorry for the trouble with your order %(number)s. Please take this voucher for your next order."
            )
            % {"number": order.number}
        ),
        Facts(rows, strong=frozenset({_("Your code")})),
        Paragraph(_("Enter the code in the basket. It is for one order and is not paid out.")),
        Button(_("To the shop"), settings.SITE_URL + reverse("home")),
    ]
    return Letter(
        subject=_("A voucher over %(amount)s for you") % {"amount": amount},
        preheader=_("For your next order with us."),
        heading=_("A voucher for you"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )
