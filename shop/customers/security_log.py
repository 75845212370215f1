"""What is written down of signing in and of what opens an account: one line each, logger ``shop.security``.

A line says what, who (the number of the account; of a try at an address a keyed hash, the same for each try) and by
which address of the shop; the time and the id of the click come from the log itself. No name, no address, no password.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.dispatch import receiver
from django.http import HttpRequest

from .limits import mark_of

log = logging.getLogger("shop.security")


def note(what: str, *, request: HttpRequest | None, person: Any = None, **facts: Any) -> None:
    """One line. ``facts``: plain values that name nobody."""
    more = {"person": getattr(person, "pk", None), "path": getattr(request, "path", ""), **facts}
    log.info(
        "%s %s",
        what,
        " ".join(f"{name}={value}" for name, value in more.items()),
        extra={"what": what, **more},
    )


@receiver(auth.user_logged_in)
def _in(request: HttpRequest, user: Any, **rest: Any) -> None:
    note("signed in", request=request, person=user)


@receiver(auth.user_logged_out)
def _out(request: HttpRequest | None, user: Any, **rest: Any) -> None:
    if user is not None:
        note("signed out", request=request, person=user)


@receiver(auth.user_login_failed)
def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **rest: Any) -> None:
    said = str(credentials.get("email") or credentials.get("username") or "")
    note("sign-in failed", request=request, tried=mark_of(said))


@receiver(mfa.authenticator_used)
def _factor(request: HttpRequest, user: Any, authenticator: Any, **rest: Any) -> None:
    note("factor shown", request=request, person=user, factor=authenticator.type)


@receiver(mfa.authenticator_added)
def _factor_added(request: HttpRequest, user: Any, authenticator: Any, **rest: Any) -> None:
    note("factor added", request=request, person=user, factor=authenticator.type)


@receiver(mfa.authenticator_removed)
def _factor_removed(request: HttpRequest | None, user: Any, authenticator: Any, **rest: Any) -> None:
    note("factor removed", request=request, person=user, factor=authenticator.type)


@receiver(account.password_changed)
@receiver(account.password_set)
@receiver(account.password_reset)
def _password(request: HttpRequest, user: Any, **rest: Any) -> None:
    note("new password", request=request, person=user)


@receiver(account.email_changed)
@receiver(account.email_added)
@receiver(account.email_removed)
def _address(request: HttpRequest, user: Any, **rest: Any) -> None:
    note("addresses changed", request=request, person=user)
