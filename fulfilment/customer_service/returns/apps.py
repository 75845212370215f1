"""Returns as service sees them: what a return is worth, and the money that goes back for it."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "fulfilment.customer_service.returns"
    label = "returns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What sends back more than one person may waits for a second one; carriers tell where returns are."""
        from fulfilment.warehouse.dispatch.tracking import heard_by

        from . import approving, labels

        approving.register_kind()
        heard_by(labels.note_news)
