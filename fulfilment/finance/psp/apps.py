"""The balance at the card provider: movements, fees, payouts, and money nobody knows."""

from django.apps import AppConfig


class PspConfig(AppConfig):
    name = "fulfilment.finance.psp"
    label = "psp"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Before a month is closed: what is not booked yet. Giving money back may need a second person."""
        from fulfilment.finance.ledger import closing

        from . import approving, open_matters

        closing.register("psp", open_matters.not_booked)
        approving.register_kind()
