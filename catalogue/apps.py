"""Fork of oscar.catalogue. Why: texts in several languages, colour and size as columns (Oscar's attribute rows cost a
query per product), weight, unit price, VAT class and product safety data (Regulation (EU) 2023/988)."""

from oscar.apps.catalogue import apps


class CatalogueConfig(apps.CatalogueConfig):
    name = "catalogue"

    def ready(self) -> None:
        """Only the signal receivers; views and URLs are our own, so Oscar's are not loaded."""
        from . import receivers  # noqa: F401
