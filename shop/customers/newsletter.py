"""Verbs of the newsletter's consent: ask, confirm, withdraw. Each is a row that proves it (NewsletterConsent)."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress

from django.core import signing
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying
from shop.kernel.visitors import address_of

from .events import NewsletterAsked, NewsletterConfirmed, NewsletterLeft, NewsletterWanted
from .models import NewsletterConsent as Consent

CONFIRM_SALT, LEAVE_SALT = "shop.customers.newsletter.confirm", "shop.customers.newsletter.leave"
CONFIRM_VALID_S = 7 * 24 * 3600
MAILS_PER_DAY_MAX = 3  #: to one address; more would only fill a stranger's mailbox


def words() -> str:
    """What is agreed to, in the reader's language. A change of it is a new version by itself (``version_of``)."""
    return _(
        "Yes, please send me your newsletter by e-mail, about new shoes, offers and care, at most twice a month. I can "
        "withdraw this at any time, by the link in each mail or in my account, free of charge."
    )


def version_of(text: str) -> str:
    """A short mark of the words."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def shortened(request: HttpRequest) -> str:
    """The network a visitor comes from: enough as a proof, too little to find a person. "" where it cannot be told."""
    address = address_of(request)
    if address is None:
        return ""
    bits = 24 if isinstance(address, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((address, bits), strict=False))


def want(*, email: str, place: str) -> None:
    """A visitor asks by the page: noted alike for every address, and asked (``ask``) by the worker, or the time of the
    answer would tell who has the newsletter."""
    wanted = NewsletterWanted(email, place, words(), _language(), now().isoformat())
    retrying(lambda: record(wanted))


def ask(
    *,
    email: str,
    place: str,
    via: str,
    shown: str = "",
    language: str = "",
    at: dt.datetime | None = None,
) -> bool:
    """Somebody asks for the newsletter: a mail goes to the address, and only its link confirms. Returns whether one was
    written; not for who has it already, nor for the fourth time in a day. The page says the same in each case.

    Args:
        shown: the words that were agreed to, ``language`` theirs, ``at`` when; without: what a reader sees now.
    """
    address, shown, language = email.strip().lower(), shown or words(), language or _language()

    def work() -> bool:
        if is_subscribed(address):
            return False
        since = now() - dt.timedelta(days=1)
        if (
            Consent.objects.filter(email=address, kind=Consent.ASKED, at__gte=since).count()
            >= MAILS_PER_DAY_MAX
        ):
            return False
        row = _write(address, Consent.ASKED, place, via, shown, language, at)
        record(NewsletterAsked(row.pk))
        return True

    return retrying(work)


def confirm(*, token: str, place: str) -> Consent | None:
    """The link of the mail was used. Returns the consent, also for a second click; None for a link that is forged, too
    old, or older than a withdrawal."""
    asked = _of_token(token, CONFIRM_SALT, CONFIRM_VALID_S)
    if asked is None:
        return None

    def work() -> Consent | None:
        latest = newest(asked.email)
        if latest is None or latest.kind == Consent.CONFIRMED:
            return latest
        if latest.kind == Consent.WITHDRAWN:
            return None
        row = _write(asked.email, Consent.CONFIRMED, place, "link", asked.words, asked.language)
        record(NewsletterConfirmed(row.pk))
        return row

    return retrying(work)


def leave(*, email: str, place: str, via: str) -> bool:
    """No newsletter any more, at once. Returns whether that changed anything; safe to repeat."""
    address = email.strip().lower()

    def work() -> bool:
        latest = newest(address)
        if latest is None or latest.kind == Consent.WITHDRAWN:
            return False
        row = _write(address, Consent.WITHDRAWN, place, via, latest.words, latest.language)
        record(NewsletterLeft(row.pk))
        return True

    return retrying(work)


def newest(email: str) -> Consent | None:
    """The latest step of an address. One query."""
    return Consent.objects.filter(email=email.strip().lower()).order_by("-pk").first()


def is_subscribed(email: str) -> bool:
    """Whether the newsletter may be sent to the address. One query."""
    latest = newest(email)
    return latest is not None and latest.kind == Consent.CONFIRMED


def subscribers() -> QuerySet[Consent]:
    """The consents that hold today, one for each address that may be written to."""
    last = Consent.objects.filter(email=OuterRef("email")).order_by("-pk").values("pk")[:1]
    return Consent.objects.filter(kind=Consent.CONFIRMED, pk=Subquery(last)).order_by("pk")


def confirm_token(consent: Consent) -> str:
    """For the link that confirms."""
    return signing.dumps(consent.pk, salt=CONFIRM_SALT)


def leave_token(consent: Consent) -> str:
    """For the link in each mail that ends it; it never runs out."""
    return signing.dumps(consent.pk, salt=LEAVE_SALT)


def address_of_leave(token: str) -> str:
    """Whose newsletter the link ends; empty for a forged one."""
    found = _of_token(token, LEAVE_SALT, None)
    return found.email if found else ""


def _of_token(token: str, salt: str, max_age: int | None) -> Consent | None:
    try:
        pk = signing.loads(token, salt=salt, max_age=max_age)
    except signing.BadSignature:
        return None
    return Consent.objects.filter(pk=pk).first()


def _language() -> str:
    return (get_language() or "de").split("-")[0]


def _write(
    email: str, kind: str, place: str, via: str, shown: str, language: str, at: dt.datetime | None = None
) -> Consent:
    return Consent.objects.create(
        email=email,
        kind=kind,
        place=place,
        via=via,
        words=shown,
        version=version_of(shown),
        language=language,
        at=at or now(),
    )
