"""Fork of oscar.checkout. Why: stock Oscar places payment rows outside the transaction, mails inside the request and
chains three redirects of 24 queries; our views call checkout.order.actions.place() instead."""

from django.apps import apps as registry
from django.db.models.signals import post_migrate
from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    name = "checkout"

    def ready(self) -> None:
        """Views and URLs are our own; Oscar's are not loaded."""
        # Django tells only apps with models; this one has none, so its last room with tables stands for it.
        post_migrate.connect(_ensure_base_data, sender=registry.get_app_config("payment"))


def _ensure_base_data(**kwargs: object) -> None:
    from .basedata import ensure

    ensure()
