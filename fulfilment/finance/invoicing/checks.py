"""Database check: the guards of invoices are in place."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from fulfilment.finance.ledger import guards

from . import triggers
from .models import Invoice


@register(Tags.database)
def guards_are_in_place(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Issued documents are kept by the database, not only by good manners."""
    lost = []
    for using in databases or []:
        if Invoice._meta.db_table in guards.tables(using):
            lost += guards.missing(triggers.GUARDS, using)
    # No error: it would keep the very migrate from running that installs them. verify holds the invariant.
    hint = "run `manage.py migrate`: it installs them"
    return [
        Warning(f"the trigger {name} of invoices is missing", hint=hint, id="invoicing.W001") for name in lost
    ]
