from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Pages that people write, and the account's pages that show orders and invoices."""

    name = "shop.pages"
    label = "pages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Links at the foot follow what is published."""
        from . import receivers  # noqa: F401
