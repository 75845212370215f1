"""Database check (``manage.py check --database default``, and every migrate): the guards are in place."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from . import guards, triggers
from .models import Entry


@register(Tags.database)
def guards_are_in_place(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """A ledger without its triggers is only a table."""
    lost = []
    for using in databases or []:
        if Entry._meta.db_table in guards.tables(using):
            lost += guards.missing(triggers.GUARDS, using)
    hint = "run `manage.py migrate`: it installs them"
    return [Error(f"the ledger's trigger {name} is missing", hint=hint, id="ledger.E001") for name in lost]
