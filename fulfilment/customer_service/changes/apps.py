"""Changes: what shoppers and staff change in an order before anybody picks it."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "fulfilment.customer_service.changes"
    label = "changes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Money that comes for a change makes it; changes by staff may need a second person."""
        from checkout.payment.actions.supplement import made_by

        from .approving import register_kind
        from .paying import make_paid_change

        made_by(make_paid_change)
        register_kind()
