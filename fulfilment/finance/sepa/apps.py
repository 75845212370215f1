"""SEPA credit transfers."""

from django.apps import AppConfig


class SepaConfig(AppConfig):
    name = "fulfilment.finance.sepa"
    label = "sepa"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What needs a second person, and which transfers the bank may book in one sum."""
        from fulfilment.finance.reconciliation import collective

        from . import approving, queries

        approving.register_kind()
        collective.register("sepa", queries.on_their_way)
