"""What the room hears of itself: forms that anybody may send are answered alike at once, and worked on here."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from shop.kernel.outbox import record, subscribe

from . import newsletter
from .events import AccountMailRequested, NewsletterWanted, PasswordResetWanted

RESET, UNKNOWN = "account/email/password_reset_key", "account/email/unknown_account"


@subscribe(NewsletterWanted, "customers.newsletter_wanted")
def newsletter_wanted(event: NewsletterWanted) -> None:
    """Ask whose address it is, where there is something to ask."""
    newsletter.ask(
        email=event.email,
        place=event.place,
        via="page",
        shown=event.words,
        language=event.language,
        at=dt.datetime.fromisoformat(event.at),
    )


@subscribe(PasswordResetWanted, "customers.password_reset_wanted")
def password_reset_wanted(event: PasswordResetWanted) -> None:
    """The link for who has an account, a friendly word for who has none."""
    from allauth.account import app_settings
    from allauth.account.internal.userkit import filter_users_by_email
    from allauth.account.utils import user_pk_to_url_str

    people = filter_users_by_email(event.email.lower(), is_active=True, prefer_verified=True, for_login=True)
    with translation.override(event.language):
        for person in people:
            token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(person)
            # Made with parts that need no escape, as allauth does: what it takes apart again is one opaque key.
            path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
            path = path.replace("UID-KEY", f"{user_pk_to_url_str(person)}-{token}")
            # "K" of Kelvin becomes a "k" in lower case: a mailbox of that name may be somebody else's (CVE-2019-19844).
            to = event.email if event.email.isascii() else person.email
            _mail(event, RESET, person, to=to, password_reset_url=settings.SITE_URL + path)
        if not people:
            _mail(
                event, UNKNOWN, None, to=event.email, signup_url=settings.SITE_URL + reverse("account_signup")
            )


def _mail(event: PasswordResetWanted, template: str, person: Any, *, to: str, **facts: str) -> None:
    record(
        AccountMailRequested(
            key=uuid.uuid4().hex,
            template=template,
            email=to,
            language=event.language,
            user_id=getattr(person, "pk", None),
            facts=facts,
            subject="",
            text="",
        )
    )
