"""Invoices, credit notes, cancellations, and what was paid on them."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class InvoicingConfig(AppConfig):
    name = "fulfilment.finance.invoicing"
    label = "invoicing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """After every migrate: the guards that a rebuilt table may have lost, and the merchant's row. The checkout
        learns of the seller's VAT id."""
        from checkout.vat_ids import seller
        from fulfilment.finance.ledger import closing

        from . import checks, merchant, open_matters  # noqa: F401

        seller.register(lambda: merchant.profile().vat_id)
        closing.register("invoicing", open_matters.without_files)
        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="invoicing.after_migrate")


def _after_migrate(using: str = "default", **kwargs: Any) -> None:
    from fulfilment.finance.ledger import guards

    from . import merchant, triggers
    from .models import Invoice

    if Invoice._meta.db_table not in guards.tables(using):
        return  # migrated backwards to nothing
    guards.install(triggers.GUARDS, using=using)
    merchant.ensure(using=using)
