"""The first second factor of somebody in the office: only whoever reads the mails of their address may set it up.

A password alone must not be enough: whoever stole it would give themselves the factor, and lock its owner out. So a
link goes to the address, and only the session in which it is opened may go on. A shop without a mail server yet:
``manage.py second_factor_link ADDRESS`` prints the link.
"""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.urls import reverse

from shop.kernel.outbox import record
from shop.kernel.transactions import retrying
from shop.kernel.tries import Limit, take

from .events import AccountMailRequested
from .models import User

PROVED = "first_factor_of"  #: in the session: number of the person who opened their link in it
LINK_SALT = "shop.customers.first_factor"
LINK_LASTS_S = 3600
LINKS = Limit("link to the first second factor", free=3, within_s=3600, first_wait_s=60, longest_wait_s=900)
TEMPLATE = "mfa/email/first_factor"


def link_of(person: User) -> str:
    """The address that proves it, for an hour and until the person's sessions end (a new password, other rights)."""
    token = signing.dumps([person.pk, person.sessions_version, person.email], salt=LINK_SALT, compress=True)
    return settings.SITE_URL + reverse("first_factor", kwargs={"token": token})


def send_link(person: User) -> int:
    """Mail the link to the person's address. Returns 0, or the seconds to wait before the next may be asked for."""
    wait = take([(LINKS, str(person.pk))])
    if wait:
        return wait
    asked = AccountMailRequested(
        key=uuid.uuid4().hex,
        template=TEMPLATE,
        email=person.email,
        language=person.language,
        user_id=person.pk,
        facts={"url": link_of(person)},
        subject="",
        text="",
    )
    retrying(lambda: record(asked))
    return 0


def prove(session: Any, person: User, token: str) -> bool:
    """Whether this is a link of this person that still holds; then it is noted in the session, and that the address is
    theirs. Other addresses that nobody confirmed go: allauth would refuse a factor beside them."""
    try:
        said = signing.loads(token, salt=LINK_SALT, max_age=LINK_LASTS_S)
    except signing.BadSignature:
        return False
    known = User.objects.get(pk=person.pk)
    if said != [known.pk, known.sessions_version, known.email]:
        return False

    def work() -> None:
        mine = EmailAddress.objects.filter(user=known)
        mine.exclude(email__iexact=known.email).filter(verified=False).delete()
        if not mine.filter(email__iexact=known.email).update(verified=True):
            EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)

    retrying(work)
    session[PROVED] = known.pk
    return True


def is_proved(request: Any) -> bool:
    """Whether the person of this session opened their link in it."""
    return bool(request.session.get(PROVED) == request.user.pk)
