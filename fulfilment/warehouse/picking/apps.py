"""Picking: a confirmed order becomes a walk along the bins."""

from django.apps import AppConfig


class PickingConfig(AppConfig):
    name = "fulfilment.warehouse.picking"
    label = "picking"
    default_auto_field = "django.db.models.BigAutoField"
