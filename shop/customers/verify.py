"""Invariants of accounts."""

from __future__ import annotations

from shop.kernel import guards

from . import factor_secrets, triggers


def sessions_end_by_themselves() -> list[str]:
    """The database counts up whose rights change."""
    return [f"trigger {name} is missing" for name in guards.missing(triggers.GUARDS)]


CHECKS = [
    ("a change of rights ends sessions", sessions_end_by_themselves),
    ("second factors open with the key of the shop", factor_secrets.unreadable),
]
