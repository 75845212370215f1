"""The access log: append-only, held by the database itself."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "shop.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The guards that a rebuilt table may have lost are put back after every migrate."""
        from . import checks  # noqa: F401

        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="audit.after_migrate")


def _after_migrate(using: str = "default", **kwargs: Any) -> None:
    from shop.kernel import guards

    from . import triggers

    guards.install(triggers.GUARDS, using=using)
