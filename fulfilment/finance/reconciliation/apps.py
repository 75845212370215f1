"""Bank receipts and whose money they are."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "fulfilment.finance.reconciliation"
    label = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"
