"""Transfers: goods from one site to another, in two phases."""

from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "fulfilment.warehouse.transfers"
    label = "transfers"
    default_auto_field = "django.db.models.BigAutoField"
