"""Secrets of second factors at rest: the key of an authenticator app and the seed of recovery codes are sealed in their
rows (shop/kernel/sealed.py). Passkeys need none of it: a row of theirs holds a public key."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret

from shop.kernel import sealed
from shop.kernel.transactions import retrying

log = logging.getLogger(__name__)

PURPOSE = "second factor"
SINGLE, SEVERAL = ("secret", "seed"), ("migrated_codes",)  #: in ``data`` of a row
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth asks it before it keeps a secret and after it read one."""

    def encrypt(self, text: str) -> str:
        """As it is kept."""
        return sealed.seal(text, purpose=PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """As it is used. What no key opens becomes a secret that nobody knows, so that no code is right: an empty one
        would let in whoever guesses that it is empty."""
        try:
            return sealed.unseal(encrypted_text, purpose=PURPOSE)
        except sealed.Unreadable as error:
            log.error("a second factor cannot be used: %s", error)
            return generate_totp_secret()


def changed(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """``data`` of a row with ``change`` done to each secret in it."""
    single = {name: change(data[name]) for name in SINGLE if name in data}
    several = {name: [change(one) for one in data[name]] for name in SEVERAL if data.get(name)}
    return {**data, **single, **several}


def seal_anew() -> int:
    """Seal with the present key what is not: rows from before, and those of a key that was changed. Returns how many
    rows. What no key opens stays as it is; `manage.py verify` names it."""
    done = 0
    for pk in list(Authenticator.objects.filter(type__in=KINDS).values_list("pk", flat=True)):
        done += retrying(lambda pk=pk: _seal_row(pk))  # type: ignore[misc]
    return done


def _seal_row(pk: int) -> int:
    row = Authenticator.objects.select_for_update(no_key=True).filter(pk=pk).first()
    try:
        data = row and changed(row.data, _with_present_key)
    except sealed.Unreadable:
        return 0
    if row is None or data == row.data:
        return 0
    row.data = data
    row.save(update_fields=["data"])
    return 1


def _with_present_key(kept: str) -> str:
    if sealed.is_current(kept, purpose=PURPOSE):
        return kept
    return sealed.seal(sealed.unseal(kept, purpose=PURPOSE), purpose=PURPOSE)


def left() -> int:
    """Rows with a secret that is not sealed with the present key."""
    return sum(not _is_current(row.data) for row in Authenticator.objects.filter(type__in=KINDS))


def _is_current(data: dict[str, Any]) -> bool:
    kept: list[str] = []
    changed(data, lambda one: kept.append(one) or one)  # type: ignore[func-returns-value]
    return all(sealed.is_current(one, purpose=PURPOSE) for one in kept)


def unreadable() -> list[str]:
    """For `manage.py verify`: factors that no key opens."""
    wrong = []
    for row in Authenticator.objects.filter(type__in=KINDS).order_by("pk"):
        try:
            changed(row.data, lambda kept: sealed.unseal(kept, purpose=PURPOSE))
        except sealed.Unreadable:
            wrong.append(
                f"second factor {row.pk} of user {row.user_id} opens with no key: is SECRET_KEY another one? "
                "Put the old one into SECRET_KEY_FALLBACKS, or take the factor away"
            )
    return wrong
