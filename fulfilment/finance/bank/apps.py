"""Bank accounts and what the bank says about them."""

from django.apps import AppConfig


class BankConfig(AppConfig):
    name = "fulfilment.finance.bank"
    label = "bank"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Before a month is closed: what is not read yet."""
        from fulfilment.finance.ledger import closing

        from . import open_matters

        closing.register("bank", open_matters.not_read)
