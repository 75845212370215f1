"""Reports of finance, and the balances per account and day that they are quick by."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ReportsConfig(AppConfig):
    name = "fulfilment.finance.reports"
    label = "reports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """After every migrate: the trigger that notes each posted entry, which a rebuilt table may have lost."""
        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="reports.after_migrate")


def _after_migrate(using: str = "default", **kwargs: Any) -> None:
    from fulfilment.finance.ledger import guards

    from . import triggers
    from .models import NewEntry

    if NewEntry._meta.db_table in guards.tables(using):
        guards.install(triggers.GUARDS, using=using)
