"""Returns as service sees them: what a return is worth, and the money that goes back for it."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "fulfilment.customer_service.returns"
    label = "returns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What sends back more than one person may waits for a second one."""
        from . import approving

        approving.register_kind()
