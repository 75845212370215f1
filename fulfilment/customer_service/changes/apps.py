"""Changes: what shoppers and staff change in an order before anybody picks it."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "fulfilment.customer_service.changes"
    label = "changes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Money that comes for a change makes it."""
        from checkout.payment.actions.supplement import made_by

        from .paying import make_paid_change

        made_by(make_paid_change)
