"""Database check (``manage.py check --database default``, and every migrate): the price history is append-only."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from shop.kernel import guards

from . import triggers


@register(Tags.database)
def price_guards_are_in_place(
    app_configs: Any = None, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    """A history that can be changed proves nothing."""
    lost = []
    for using in databases or []:
        if triggers.TABLE in guards.tables(using):
            lost += guards.missing(triggers.GUARDS, using)
    # No error: it would keep the very migrate from running that installs them. verify holds the invariant.
    hint = "run `manage.py migrate`: it installs them"
    return [
        Warning(f"the price history's trigger {name} is missing", hint=hint, id="partner.W001")
        for name in lost
    ]
