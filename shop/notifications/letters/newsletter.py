"""Letters about the newsletter: the link that confirms it, the welcome afterwards, and the newsletter itself."""

from __future__ import annotations

import re

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from shop.customers import newsletter
from shop.customers.models import NewsletterConsent
from shop.notifications.letter import Block, Button, Letter, Links, Paragraph
from shop.notifications.models import NewsletterIssue

from .orders import signature

#: A paragraph that is a button: [words](https://...).
BUTTON = re.compile(r"\[([^\]\n]{1,80})\]\((https://[^\s()]{1,500})\)")
PREHEADER_MAX = 120


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


def issue(written: NewsletterIssue, language: str, *, leave: str) -> Letter:
    """An issue in one of its languages. ``leave``: the subscriber's own link that ends the newsletter; "" while it is
    tried."""
    subject, text = getattr(written, f"subject_{language}"), getattr(written, f"text_{language}")
    blocks = [_block(part) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())]
    if leave:
        blocks.append(Links([(_("Leave the newsletter"), leave)]))
    else:
        blocks.append(
            Paragraph(_("Here each subscriber gets their own link that ends the newsletter."), small=True)
        )
    words = next((one.text for one in blocks if isinstance(one, Paragraph)), subject)
    return Letter(
        subject=subject,
        preheader=" ".join(words.split())[:PREHEADER_MAX],
        heading=subject,
        greeting=_("Good day,"),
        blocks=blocks,
        closing=signature(),
    )


def _block(part: str) -> Block:
    found = BUTTON.fullmatch(part.strip())
    return Button(found[1], found[2]) if found else Paragraph(part.strip())
