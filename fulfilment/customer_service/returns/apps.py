"""Returns as service sees them: what a return is worth, and the money that goes back for it."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ReturnsConfig(AppConfig):
    name = "fulfilment.customer_service.returns"
    label = "returns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What sends back more than one person may waits for a second one; carriers tell where returns are; after every
        migrate the guards that a rebuilt table may have lost."""
        from fulfilment.warehouse.dispatch.tracking import heard_by

        from . import approving, labels

        approving.register_kind()
        heard_by(labels.note_news)
        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="returns.after_migrate")


def _after_migrate(using: str = "default", **kwargs: Any) -> None:
    from shop.kernel import guards

    from . import triggers

    guards.install(triggers.GUARDS, using=using)
