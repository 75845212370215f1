"""Dispatch: what was picked is packed, labelled, and leaves the house."""

from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "fulfilment.warehouse.dispatch"
    label = "dispatch"
    default_auto_field = "django.db.models.BigAutoField"
