"""Picking: a confirmed order becomes a walk along the bins."""

from django.apps import AppConfig


class PickingConfig(AppConfig):
    name = "fulfilment.warehouse.picking"
    label = "picking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The page of a bin shows what is planned to be taken from it, and the checkout hears when a store picks."""
        from checkout.shipping.pickup import register_day
        from fulfilment.warehouse.stock import planned

        from .planned import planned_takes
        from .promises import picked_on

        planned.tells("picking", planned_takes)
        register_day(picked_on)
