"""Routing: which site sends what, and why."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RoutingConfig(AppConfig):
    name = "fulfilment.warehouse.routing"
    label = "routing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The rules are there from the first day."""
        post_migrate.connect(_ensure_rules, sender=self)


def _ensure_rules(**kwargs: object) -> None:
    from .models import RoutingRule

    RoutingRule.ensure()
