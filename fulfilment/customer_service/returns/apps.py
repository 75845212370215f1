"""Returns as service sees them: what a return is worth, and the money that goes back for it."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "fulfilment.customer_service.returns"
    label = "returns"
    default_auto_field = "django.db.models.BigAutoField"
