"""Fork of oscar.partner. Why: stock Oscar's ``allocate`` oversells (1 in stock, two buyers, both win) and its price
strategy knows no tax. Ours reserves by one conditional update with a CHECK constraint behind it."""

from django.db.models.signals import post_migrate
from oscar.apps.partner import apps


class PartnerConfig(apps.PartnerConfig):
    name = "catalogue.partner"

    def ready(self) -> None:
        """Oscar's receivers are left out: low-stock alerts are the warehouse's work."""
        from . import checks, functions  # noqa: F401

        post_migrate.connect(functions.install, sender=self, dispatch_uid="partner.functions")
        post_migrate.connect(_ensure_base_data, sender=self)
        post_migrate.connect(_guard_prices, sender=self, dispatch_uid="partner.price_guards")


def _ensure_base_data(**kwargs: object) -> None:
    from .basedata import ensure

    ensure()


def _guard_prices(using: str = "default", **kwargs: object) -> None:
    from shop.kernel import guards

    from . import triggers

    guards.install(triggers.GUARDS, using=using)
