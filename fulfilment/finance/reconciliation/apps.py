"""Bank receipts and whose money they are."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "fulfilment.finance.reconciliation"
    label = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Before a month is closed: which lines are not booked yet."""
        from fulfilment.finance.ledger import closing

        from . import open_matters

        closing.register("reconciliation", open_matters.lines_not_booked)
