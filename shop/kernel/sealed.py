"""Secrets that rows have to hold (of second factors, of pushes), unreadable for whoever has the rows alone: a stolen
backup, a copy of the database.

The key is derived from SECRET_KEY (HKDF-SHA-256, RFC 5869), another one for each purpose; what is sealed is a Fernet
token (AES-128-CBC with HMAC-SHA-256). After SECRET_KEY was changed, what SECRET_KEY_FALLBACKS names still opens, and is
sealed anew by whoever keeps the rows. Whoever has both the rows and SECRET_KEY reads everything, as the shop does.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

PREFIX = "sealed:1:"  #: before each token; the number is that of the way it is made
SALT = b"kontor sealed rows"


@dataclass(frozen=True)
class Keeper:
    """A room whose rows hold sealed secrets: ``seal_anew`` seals with the present key what is not and returns how many
    rows, ``left`` counts those that are not."""

    seal_anew: Callable[[], int]
    left: Callable[[], int]


#: Those that have to do with a change of SECRET_KEY, by what they keep. A room enters itself when it is ready.
KEEPERS: dict[str, Keeper] = {}


def seal_all() -> dict[str, tuple[int, int]]:
    """Seal with the present key what every room keeps. By what it is: how many rows were sealed, how many are left,
    which no key opens. One room that fails does not keep the others from it; its error is raised afterwards."""
    found: dict[str, tuple[int, int]] = {}
    failed: Exception | None = None
    for name, keeper in sorted(KEEPERS.items()):
        try:
            found[name] = (keeper.seal_anew(), keeper.left())
        except Exception as error:
            failed = failed or error
    if failed:
        raise failed
    return found


class Unreadable(Exception):
    """It was sealed with a key that the shop does not have any more, or it was tampered with."""


def seal(text: str, *, purpose: str) -> str:
    """``text`` as it may be kept, different each time. purpose: whose secret it is; another one cannot open it."""
    return PREFIX + _key(settings.SECRET_KEY, purpose).encrypt(text.encode()).decode()


def unseal(kept: str, *, purpose: str) -> str:
    """What was sealed; what is not sealed yet (a row from before) is returned as it is. Raises Unreadable."""
    if not kept.startswith(PREFIX):
        return kept
    token = kept.removeprefix(PREFIX).encode()
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        found = _opened(token, secret, purpose)
        if found is not None:
            return found
    raise Unreadable(f"a secret ({purpose}) was sealed with another SECRET_KEY")


def is_current(kept: str, *, purpose: str) -> bool:
    """Whether it is sealed, and with the present key."""
    token = kept.removeprefix(PREFIX).encode()
    return kept.startswith(PREFIX) and _opened(token, settings.SECRET_KEY, purpose) is not None


def _opened(token: bytes, secret: str, purpose: str) -> str | None:
    """The text in the token; None when it was not made with this key."""
    from cryptography.fernet import InvalidToken

    try:
        return _key(secret, purpose).decrypt(token).decode()
    except InvalidToken:
        return None


@lru_cache(maxsize=32)
def _key(secret: str, purpose: str) -> Fernet:
    # Loaded with the first secret: megabytes that most web workers never need.
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=32, salt=SALT, info=purpose.encode()).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class SealedField(models.TextField):  # type: ignore[type-arg]  # no brackets when it runs
    """A text that is sealed in the table and open in the program. It cannot be searched for; "" stays "".

    What no key opens reads as None: a row that cannot be opened must not keep a page from being shown.
    """

    def __init__(self, *args: Any, purpose: str = "", **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """As Django does, with the purpose."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"purpose": self.purpose}

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Opened."""
        try:
            return value and unseal(value, purpose=self.purpose)
        except Unreadable:
            return None

    def get_prep_value(self, value: Any) -> Any:
        """Sealed."""
        text = super().get_prep_value(value)
        return seal(text, purpose=self.purpose) if text else text
