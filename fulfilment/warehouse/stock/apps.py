"""Stock: every piece has a place, every movement a cause."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StockConfig(AppConfig):
    name = "fulfilment.warehouse.stock"
    label = "stock"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Triggers are looked after whenever tables may have been rebuilt."""
        from . import triggers

        post_migrate.connect(triggers.install, sender=self, dispatch_uid="stock.triggers")
