"""The signature of a push: HMAC-SHA256 over time and body, as ``t=<unix seconds>,v1=<hex>[,v1=<hex>]``.

Two signatures for a day after the secret was changed, so that the receiver can change its own in peace.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

HEADER = "Kontor-Signature"
TOLERANCE_S = 300  #: receivers refuse what is older: a recorded push cannot be played again
PREFIX = "ksec_"


def new_secret() -> str:
    """256 bits of chance."""
    return PREFIX + secrets.token_urlsafe(32)


def sign(body: bytes, keys: Sequence[str], at: int) -> str:
    """The header's value. ``at``: Unix seconds."""
    return ",".join([f"t={at}", *(f"v1={digest(body, key, at)}" for key in keys)])


def digest(body: bytes, key: str, at: int) -> str:
    """HMAC-SHA256 of ``<at>.<body>`` as hex."""
    return hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def verify(body: bytes, header: str, key: str, *, at: int, tolerance_s: int = TOLERANCE_S) -> bool:
    """What a receiver does: whether the header signs this body with our key, not longer than ``tolerance_s`` ago."""
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _sep, value in parts if name.strip() == "t" and value.isdigit()]
    if len(times) != 1 or abs(at - int(times[0])) > tolerance_s:
        return False
    wanted = digest(body, key, int(times[0]))
    signatures = [value for name, _sep, value in parts if name.strip() == "v1"]
    return any(hmac.compare_digest(wanted.encode(), value.encode()) for value in signatures)
