"""A mark of an e-mail address: the same for the same address, and nothing to read in it.

Why: the log must answer "who looked at my data" for guests too, and must not become a further list of addresses that
an erasure would have to find. With another ``SECRET_KEY`` earlier marks find nobody; rows of accounts and by number
stay found.
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac

CHARS = 32


def mark_of(email: str) -> str:
    """The mark of an address; "" for none. Capitals and spaces around it make no difference."""
    plain = email.strip().lower()
    return salted_hmac("audit.person", plain, algorithm="sha256").hexdigest()[:CHARS] if plain else ""
