"""Database check (``manage.py check --database default``, and every migrate): the guards are in place."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from shop.kernel import guards

from . import triggers


@register(Tags.database)
def guards_are_in_place(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """A log without its triggers is only a table."""
    lost = []
    for using in databases or []:
        if triggers.TABLE in guards.tables(using):
            lost += guards.missing(triggers.GUARDS, using)
    # No error: it would keep the very migrate from running that installs them. verify holds the invariant.
    hint = "run `manage.py migrate`: it installs them"
    return [
        Warning(f"the access log's trigger {name} is missing", hint=hint, id="audit.W001") for name in lost
    ]
