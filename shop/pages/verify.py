"""Invariants of pages: what is kept for all readers hears of every change."""

from __future__ import annotations

from shop.kernel import guards

from . import triggers


def changes_are_noted() -> list[str]:
    """The database notes each change of a table that shared pages show."""
    return [f"trigger {name} is missing" for name in guards.missing(triggers.GUARDS)]


CHECKS = [("changes are noted for shared pages", changes_are_noted)]
