"""Letters on what became of a parcel on its way."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from checkout.order.models import Order
from shop.notifications import facts
from shop.notifications.letter import Block, Facts, Letter, Links, Paragraph
from shop.pages.keys import link_with_key

from .orders import link, signature, ways


def delivered(order: Order, *, tracking_number: str) -> Letter:
    """A parcel arrived, by the carrier's word."""
    damaged = link_with_key("help", order, base=settings.SITE_URL, reason="damaged")
    return _letter(
        order,
        subject=_("Your order %(number)s: your parcel has arrived"),
        heading=_("Your parcel has arrived"),
        text=_("The carrier tells us that your parcel was delivered. We hope you enjoy what is in it."),
        more=_("Did you not receive it? Please answer this mail, and we will look for it."),
        tracking_number=tracking_number,
        further=[Links([(_("Did it arrive damaged? Tell us with a picture"), damaged)])],
    )


def lost(order: Order, *, tracking_number: str) -> Letter:
    """A parcel will not arrive."""
    return _letter(
        order,
        subject=_("Your order %(number)s: your parcel is lost"),
        heading=_("We are sorry: your parcel is lost"),
        text=_("The carrier tells us that your parcel will not arrive."),
        more=_(
            "You bear no loss by it. We will write to you how it goes on: with another delivery, or with your money "
            "back. You can also simply answer this mail."
        ),
        tracking_number=tracking_number,
    )


def returned(order: Order, *, tracking_number: str) -> Letter:
    """A parcel comes back to us undelivered."""
    return _letter(
        order,
        subject=_("Your order %(number)s: your parcel comes back to us"),
        heading=_("Your parcel comes back to us"),
        text=_(
            "The carrier could not deliver your parcel, or it was not accepted; it is on its way back to us."
        ),
        more=_("When it is here we will write to you. Was the address wrong? Please answer this mail."),
        tracking_number=tracking_number,
    )


def _letter(
    order: Order,
    *,
    subject: str,
    heading: str,
    text: str,
    more: str,
    tracking_number: str,
    further: Sequence[Block] = (),
) -> Letter:
    rows = [(_("Tracking number"), tracking_number), (_("Order number"), order.number)]
    blocks: list[Block] = [
        Paragraph(text),
        Facts([(name, value) for name, value in rows if value]),
        Paragraph(more),
        link(order),
        *further,
        ways(order),
    ]
    return Letter(
        subject % {"number": order.number}, text, heading, facts.greeting(order), blocks, signature()
    )
