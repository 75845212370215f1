"""Fork of oscar.partner. Why: stock Oscar's ``allocate`` oversells (1 in stock, two buyers, both win) and its price
strategy knows no tax. Ours reserves by one conditional update with a CHECK constraint behind it."""

from django.db.models.signals import post_migrate
from oscar.apps.partner import apps


class PartnerConfig(apps.PartnerConfig):
    name = "catalogue.partner"

    def ready(self) -> None:
        """Oscar's receivers are left out: low-stock alerts are the warehouse's work."""
        from . import functions

        post_migrate.connect(functions.install, sender=self, dispatch_uid="partner.functions")
        post_migrate.connect(_ensure_base_data, sender=self)


def _ensure_base_data(**kwargs: object) -> None:
    from .basedata import ensure

    ensure()
