"""Bank accounts and what the bank says about them."""

from django.apps import AppConfig


class BankConfig(AppConfig):
    name = "fulfilment.finance.bank"
    label = "bank"
    default_auto_field = "django.db.models.BigAutoField"
