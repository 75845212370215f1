"""Triggers that are lost come back with the next migrate, and no check keeps it from running."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.db import connection

from catalogue.partner import triggers as partner
from fulfilment.finance.invoicing import triggers as invoicing
from fulfilment.finance.ledger import triggers as ledger
from shop.audit import triggers as audit
from shop.customers import triggers as customers
from shop.pages import triggers as pages

GUARDS = [one for room in (partner, invoicing, ledger, audit, customers, pages) for one in room.GUARDS]


def triggers() -> dict[str, str]:
    """Name of each trigger -> its table."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute(
                "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "WHERE NOT t.tgisinternal"
            )
        return dict(cursor.fetchall())


@pytest.mark.both_databases
def test_migrate_with_its_checks_brings_back_every_trigger_that_is_lost(fresh_database: None) -> None:
    """So it is in a shop of an older version, after a migration that broke off, and after some restores."""
    before = triggers()
    on = " ON {}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for guard in GUARDS:
            cursor.execute(f"DROP TRIGGER {guard.name}{on.format(guard.table)}")
    assert len(triggers()) == len(before) - len(GUARDS)
    said = io.StringIO()
    call_command("migrate", skip_checks=False, interactive=False, verbosity=0, stderr=said)
    for one in ("customer.W001", "ledger.W001", "invoicing.W001", "audit.W001", "partner.W001", "pages.W001"):
        assert one in said.getvalue(), "it is said nevertheless"
    assert triggers() == before
