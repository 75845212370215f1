"""What is heard of the newsletter, and of people who leave."""

from __future__ import annotations

from django.utils import translation

from shop.customers.events import AccountDeleted, NewsletterAsked, NewsletterConfirmed, NewsletterLeft
from shop.customers.models import NewsletterConsent
from shop.customers.newsletter import is_subscribed
from shop.kernel.outbox import subscribe

from . import actions, issues
from .letters import newsletter as letters
from .models import OutgoingMail


@subscribe(NewsletterAsked, "notifications.newsletter_asked")
def newsletter_asked(event: NewsletterAsked) -> None:
    """The mail with the link. Confidential: whoever has the link can confirm."""
    consent = NewsletterConsent.objects.get(pk=event.consent_id)
    with translation.override(consent.language):
        actions.write(
            letters.asked(consent),
            kind="newsletter_asked",
            source=f"newsletter_asked:{consent.pk}",
            recipient=consent.email,
            language=consent.language,
            confidential=True,
        )


@subscribe(NewsletterConfirmed, "notifications.newsletter_confirmed")
def newsletter_confirmed(event: NewsletterConfirmed) -> None:
    """The welcome, with the way to leave."""
    consent = NewsletterConsent.objects.get(pk=event.consent_id)
    with translation.override(consent.language):
        actions.write(
            letters.welcome(consent),
            kind="newsletter",
            source=f"newsletter_confirmed:{consent.pk}",
            recipient=consent.email,
            language=consent.language,
            unsubscribe_url=letters.leave_url(consent),
        )


@subscribe(NewsletterLeft, "notifications.newsletter_left")
def newsletter_left(event: NewsletterLeft) -> None:
    """Copies that wait (the mail server may be down) do not follow somebody who has left."""
    consent = NewsletterConsent.objects.filter(pk=event.consent_id).first()
    if consent is not None and not is_subscribed(consent.email):
        issues.forget_leaver(consent.email)


@subscribe(AccountDeleted, "notifications.account_deleted")
def account_deleted(event: AccountDeleted) -> None:
    """Mails of the account go; those about an order are business letters and stay with it (§ 147 (1) no. 3 AO)."""
    OutgoingMail.objects.filter(user_id=event.user_id, order=None).delete()
