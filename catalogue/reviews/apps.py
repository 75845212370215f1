"""Fork of oscar.catalogue.reviews. Why: states with history instead of a number, reviews that are known to come from a
purchase, reports, and an average that is counted where it changes instead of at every save."""

from oscar.apps.catalogue.reviews import apps


class CatalogueReviewsConfig(apps.CatalogueReviewsConfig):
    name = "catalogue.reviews"

    def ready(self) -> None:
        """Nothing: the pages are our own, so Oscar's views are not loaded."""
