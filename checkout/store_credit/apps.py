"""Money of customers that stays with us as credit, at their own wish."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StoreCreditConfig(AppConfig):
    name = "checkout.store_credit"
    label = "store_credit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """After every migrate: the guards that a rebuilt table may have lost."""
        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="store_credit.after_migrate")


def _after_migrate(using: str = "default", **kwargs: Any) -> None:
    from shop.kernel import guards

    from . import triggers

    guards.install(triggers.GUARDS, using=using)
