"""Exports of the books."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "fulfilment.finance.exports"
    label = "exports"
    default_auto_field = "django.db.models.BigAutoField"
