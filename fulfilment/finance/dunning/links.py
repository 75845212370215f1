"""The payment link of a letter: signed, with an end, and useless to guess. It names the letter and nothing else."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core import signing
from django.urls import reverse

from shop.kernel.clock import today

from .models import DunningNotice, DunningPolicy

SALT = "dunning.payment-link"
TOKEN_MAX_CHARS = 200


def token_of(notice: DunningNotice) -> str:
    """The same for a letter whenever it is printed: valid for the policy's days from its date on."""
    policy = DunningPolicy.objects.order_by("pk").first() or DunningPolicy()
    last = notice.issued_on + dt.timedelta(days=policy.link_days)
    return signing.Signer(salt=SALT).sign_object({"n": notice.pk, "u": last.isoformat()})


def url_of(notice: DunningNotice) -> str:
    """The whole address, as it stands in mail and letter."""
    return settings.SITE_URL.rstrip("/") + reverse("dunning-pay:open", args=[token_of(notice)])


def notice_of(token: str) -> DunningNotice | None:
    """The letter a link belongs to; None for a link that is forged, too long, or over."""
    if len(token) > TOKEN_MAX_CHARS:
        return None
    try:
        said = signing.Signer(salt=SALT).unsign_object(token)
        last = dt.date.fromisoformat(said["u"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None
    return DunningNotice.objects.filter(pk=said["n"]).first() if today() <= last else None
