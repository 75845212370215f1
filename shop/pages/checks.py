"""Database check (``manage.py check --database default``, and every migrate): changes are noted for shared pages."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from shop.kernel import guards

from . import triggers


@register(Tags.database)
def changes_are_noted(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Without its trigger a table could change and the pages kept for all readers would not know."""
    lost = []
    for using in databases or []:
        there = guards.tables(using)
        if "kernel_change" in there:
            lost += guards.missing([one for one in triggers.GUARDS if one.table in there], using)
    # No error: it would keep the very migrate from running that installs them. verify holds the invariant.
    hint = "run `manage.py migrate`: it installs them"
    return [
        Warning(f"the trigger {name} of shared pages is missing", hint=hint, id="pages.W001") for name in lost
    ]
