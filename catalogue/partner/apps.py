"""Fork of oscar.partner. Why: stock Oscar's ``allocate`` oversells (1 in stock, two buyers, both win) and its price
strategy knows no tax. Ours reserves by one conditional update with a CHECK constraint behind it."""

from oscar.apps.partner import apps


class PartnerConfig(apps.PartnerConfig):
    name = "catalogue.partner"

    def ready(self) -> None:
        """Oscar's receivers are left out: low-stock alerts are the warehouse's work."""
