"""Dunning: asking for what is overdue, by levels that are data. German law is the default policy."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DunningConfig(AppConfig):
    name = "fulfilment.finance.dunning"
    label = "dunning"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Policy and base rates are there from the first day."""
        post_migrate.connect(_ensure_base_data, sender=self)


def _ensure_base_data(**kwargs: object) -> None:
    from .basedata import ensure

    ensure()
