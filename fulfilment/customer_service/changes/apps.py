"""Changes: what shoppers and staff change in an order before anybody picks it."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "fulfilment.customer_service.changes"
    label = "changes"
    default_auto_field = "django.db.models.BigAutoField"
