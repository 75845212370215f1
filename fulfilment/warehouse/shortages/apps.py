"""Shortages: pieces that cannot be found are asked about, and the answer replans everything."""

from django.apps import AppConfig


class ShortagesConfig(AppConfig):
    name = "fulfilment.warehouse.shortages"
    label = "shortages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refunds for missing pieces may need a second person."""
        from .approving import register_kind

        register_kind()
