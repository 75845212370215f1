"""The balance at the card provider: movements, fees, payouts, and money nobody knows."""

from django.apps import AppConfig


class PspConfig(AppConfig):
    name = "fulfilment.finance.psp"
    label = "psp"
    default_auto_field = "django.db.models.BigAutoField"
