"""Recalls: a lot or serial number must not be used: where it lies, who has it, and what they are told."""

from django.apps import AppConfig


class RecallsConfig(AppConfig):
    name = "fulfilment.warehouse.recalls"
    label = "recalls"
    default_auto_field = "django.db.models.BigAutoField"
