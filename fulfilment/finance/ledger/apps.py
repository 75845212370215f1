"""The ledger: double entry, held by the database itself."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class LedgerConfig(AppConfig):
    name = "fulfilment.finance.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """After every migrate: the chart of accounts, and the guards that a rebuilt table may have lost. And what needs
        a second person."""
        from . import checks  # noqa: F401
        from .approving import register

        register()

        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="ledger.after_migrate")


def _after_migrate(using: str = "default", **kwargs: Any) -> None:
    from . import charts, guards, triggers
    from .models import Entry

    if Entry._meta.db_table not in guards.tables(using):
        return  # migrated backwards to nothing
    guards.install(triggers.GUARDS, using=using)
    charts.sync(using=using)
