"""Remedies: what is done for a customer of an order, from one screen."""

from django.apps import AppConfig


class RemediesConfig(AppConfig):
    name = "fulfilment.customer_service.remedies"
    label = "remedies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What is above a limit waits for a second person; cases show what was done and what can be."""
        from . import approving, panel

        approving.register_kinds()
        panel.register_panel()
