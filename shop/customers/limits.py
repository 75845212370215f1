"""Limits on what strangers may try, so that they punish neither shop nor victim.

- Whoever guesses at an account waits longer each time, by account *and* place: others at the same place do not wait,
  and the account's owner elsewhere does not either.
- A device that was signed in to the account before has a count of its own: an attack from many places, which makes
  every unknown device wait a little, does not touch it. A new password ends all waiting.
- One place that tries many accounts waits too; what succeeds does not count, so an office may sign in at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from shop.kernel.tries import Counted, Limit, forget, refusal, take
from shop.kernel.visitors import place_of

HOUR_S = 3600
BY_DEVICE = Limit("sign-in: known device", free=10, within_s=HOUR_S)
BY_ACCOUNT_AND_PLACE = Limit("sign-in: account and place", free=5, within_s=HOUR_S)
#: From many places at once. A short wait, for it meets the owner at a new device as well.
BY_ACCOUNT = Limit("sign-in: account", free=50, within_s=HOUR_S, first_wait_s=5, longest_wait_s=60)
BY_PLACE = Limit("sign-in: place", free=60, within_s=HOUR_S, first_wait_s=5, longest_wait_s=120)
FACTOR_BY_DEVICE = Limit("second factor: known device", free=10, within_s=HOUR_S)
#: Who comes here knows the password: a code has a million values, and so one is found in years.
FACTOR_BY_ACCOUNT = Limit("second factor: account", free=10, within_s=24 * HOUR_S)
#: Of one place, an hour: each sends a mail, or guesses at something.
RESETS = Limit("password reset", free=20, within_s=HOUR_S, first_wait_s=10, longest_wait_s=300)
#: To one address; more would only fill a mailbox. It is not said: the mails before are there.
RESETS_TO_ONE = Limit("password reset: address", free=5, within_s=HOUR_S, longest_wait_s=HOUR_S)
SIGN_UPS = Limit("sign-up", free=20, within_s=HOUR_S, first_wait_s=10, longest_wait_s=300)
LOOKUPS = Limit("order lookup", free=30, within_s=HOUR_S, first_wait_s=10, longest_wait_s=300)
VOUCHERS = Limit("voucher code", free=30, within_s=HOUR_S, first_wait_s=10, longest_wait_s=300)
PASSKEYS = Limit("passkey", free=60, within_s=HOUR_S, first_wait_s=5, longest_wait_s=120)

#: Forms whose every sending counts, by the name of the address.
FORMS = {
    "account_reset_password": RESETS,
    "account_signup": SIGN_UPS,
    "mfa_login_webauthn": PASSKEYS,
    "orders:lookup": LOOKUPS,
    "basket:voucher_add": VOUCHERS,
}
KNOWN_MAX = 5  #: accounts that one device is known to
_SALT = "shop.customers.known-device"


class LimitsMiddleware:
    """Count what is sent to the forms above by the visitor's place. Nobody is counted whose place is our own network:
    there a server of ours stands before everybody (shop/kernel/visitors.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> HttpResponseBase | None:
        """429 with the seconds to wait, before the view does any work."""
        if request.method != "POST" or request.resolver_match is None:
            return None
        limit, place = FORMS.get(request.resolver_match.view_name), place_of(request)
        wait = take([(limit, place)]) if limit is not None and place else 0
        return refusal(request, wait) if wait else None


def of_sign_in(request: HttpRequest, email: str) -> list[Counted]:
    """What a try to sign in as ``email`` counts for."""
    who, place = email.strip().lower(), place_of(request)
    device, known = read_device(request)
    if mark_of(who) in known:
        return [(BY_DEVICE, f"{device}\n{who}")]
    counted = [(BY_ACCOUNT_AND_PLACE, f"{who}\n{place}"), (BY_ACCOUNT, who)]
    return [*counted, (BY_PLACE, place)] if place else counted


def of_second_factor(request: HttpRequest, person: Any) -> list[Counted]:
    """What a code for this person's second factor counts for."""
    device, known = read_device(request)
    if mark_of(person.email) in known:
        return [(FACTOR_BY_DEVICE, f"{device}\n{person.pk}")]
    return [(FACTOR_BY_ACCOUNT, str(person.pk))]


def may_mail_reset(email: str) -> bool:
    """Whether one more link to choose a password may be mailed to the address; counts it."""
    return take([(RESETS_TO_ONE, email.strip().lower())]) == 0


def begin_anew(request: HttpRequest, person: Any) -> None:
    """The owner of the address chose a new password: nobody's tries at the old one make them wait."""
    who = person.email.strip().lower()
    forget([(BY_ACCOUNT, who), (BY_ACCOUNT_AND_PLACE, f"{who}\n{place_of(request)}")])


def mark_of(email: str) -> str:
    """An address as it stands in the cookie: a keyed hash, which names nobody."""
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:20]


def read_device(request: HttpRequest) -> tuple[str, list[str]]:
    """The device's number and the accounts that were signed in to on it; ("", []) for one without a cookie of ours."""
    try:
        said = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""),
            salt=_SALT,
            max_age=settings.DEVICE_COOKIE_AGE_S,
        )
    except signing.BadSignature:
        return "", []
    return str(said["device"]), list(said["known"])


def remember_device(request: HttpRequest, response: HttpResponse, person: Any) -> None:
    """Somebody signed in completely: from now on the device is known for this account."""
    device, known = read_device(request)
    mark = mark_of(person.email)
    kept = [mark, *(one for one in known if one != mark)][:KNOWN_MAX]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps({"device": device or secrets.token_urlsafe(12), "known": kept}, salt=_SALT),
        max_age=settings.DEVICE_COOKIE_AGE_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
