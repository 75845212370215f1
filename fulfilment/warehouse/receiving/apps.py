"""Receiving: the returns dock. What customers and carriers send back is scanned, graded, and gets its place."""

from django.apps import AppConfig


class ReceivingConfig(AppConfig):
    name = "fulfilment.warehouse.receiving"
    label = "receiving"
    default_auto_field = "django.db.models.BigAutoField"
