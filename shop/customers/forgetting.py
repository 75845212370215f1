"""What people typed and nobody needs any more goes (storage limitation, Art. 5 (1) (e) GDPR): the newsletter asked for
with an address that was never confirmed, which may be a stranger's, and what a browser's session held, among it the
addresses of a checkout that was left."""

from __future__ import annotations

import datetime as dt
from importlib import import_module

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from shop.kernel.clock import now

from .models import NewsletterConsent as Consent

#: The link in the mail holds for seven days; the rest answers "did you write to me?".
UNCONFIRMED_KEPT = dt.timedelta(days=30)
AT_ONCE = 500  #: rows in one statement


def forget_unconfirmed() -> int:
    """Delete the steps of addresses that never confirmed the newsletter, and an asking after the last proof that nobody
    followed. What was confirmed, and its withdrawal, stay as proof. Returns how many went."""
    before, done = now() - UNCONFIRMED_KEPT, 0
    of_address = Consent.objects.filter(email=OuterRef("email")).order_by()
    never = ~Exists(of_address.filter(kind=Consent.CONFIRMED)) & ~Exists(of_address.filter(at__gte=before))
    led_nowhere = Q(kind=Consent.ASKED) & ~Exists(
        of_address.filter(pk__gt=OuterRef("pk")).exclude(kind=Consent.ASKED)
    )
    rows = Consent.objects.filter(Q(at__lt=before), never | led_nowhere).order_by("pk")
    while pks := list(rows.values_list("pk", flat=True)[:AT_ONCE]):
        done += Consent.objects.filter(pk__in=pks).delete()[0]  # the model refuses: what is left is the proof
    return done


def forget_sessions() -> None:
    """Delete sessions that have ended, with all they held. Safe to repeat."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
