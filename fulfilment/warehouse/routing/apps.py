"""Routing: which site sends what, and why."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RoutingConfig(AppConfig):
    name = "fulfilment.warehouse.routing"
    label = "routing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The rules are there from the first day, and the checkout hears what lies in the store."""
        from checkout.shipping.pickup import register

        from .queries import store_facts

        register(store_facts)
        post_migrate.connect(_ensure_rules, sender=self)


def _ensure_rules(**kwargs: object) -> None:
    from .models import RoutingRule

    RoutingRule.ensure()
