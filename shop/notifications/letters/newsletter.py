"""Letters about the newsletter: the link that confirms it, and the welcome afterwards."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from shop.customers import newsletter
from shop.customers.models import NewsletterConsent
from shop.notifications.letter import Block, Button, Letter, Links, Paragraph

from .orders import signature


def leave_url(consent: NewsletterConsent) -> str:
    """The full address that ends the newsletter, in the active language."""
    return settings.SITE_URL + reverse("newsletter-leave", args=[newsletter.leave_token(consent)])


def asked(consent: NewsletterConsent) -> Letter:
    """Nothing but the question and the link: no advertising before it was confirmed."""
    url = settings.SITE_URL + reverse("newsletter-confirm", args=[newsletter.confirm_token(consent)])
    blocks: list[Block] = [
        Paragraph(
            _("Somebody, presumably you, asked for our newsletter for this address. Please confirm it here:")
        ),
        Button(_("Confirm the newsletter"), url),
        Paragraph(consent.words, small=True),
        Paragraph(
            _(
                "The link works for a week. If it was not you, you need not do anything: nothing will be sent."
            ),
            small=True,
        ),
    ]
    return Letter(
        subject=_("Please confirm the newsletter"),
        preheader=_("Only with your click you are on the list."),
        heading=_("Please confirm the newsletter"),
        greeting=_("Good day,"),
        blocks=blocks,
        closing=signature(),
    )


def welcome(consent: NewsletterConsent) -> Letter:
    """You are on the list, and this is how you leave it."""
    blocks: list[Block] = [
        Paragraph(_("Thank you: from now on you get our newsletter. You agreed to these words:")),
        Paragraph(consent.words, small=True),
        Links([(_("Leave the newsletter"), leave_url(consent))]),
    ]
    return Letter(
        subject=_("You are on the list"),
        preheader=_("And this is how you leave it again."),
        heading=_("You are on the list"),
        greeting=_("Good day,"),
        blocks=blocks,
        closing=signature(),
    )
