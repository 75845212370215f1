"""Database check (``manage.py check --database default``, and every migrate): rights that change end sessions."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from shop.kernel import guards

from . import triggers


@register(Tags.database)
def sessions_end_by_themselves(
    app_configs: Any = None, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    """Without the triggers a right that is taken away is kept by whoever is signed in."""
    lost = []
    for using in databases or []:
        there = guards.tables(using)
        if all(guard.table in there for guard in triggers.GUARDS):
            lost += guards.missing(triggers.GUARDS, using)
    # No error: it would keep the very migrate from running that installs them. verify holds the invariant.
    hint = "run `manage.py migrate`: it installs them"
    return [
        Warning(f"the trigger {name}, which ends sessions, is missing", hint=hint, id="customer.W001")
        for name in lost
    ]
