"""Fork of oscar.basket. Why: lines are loaded with all that basket and checkout show in a constant number of queries,
VAT is taken out of the line's gross total, and offers are applied only where totals are shown."""

from oscar.apps.basket import apps


class BasketConfig(apps.BasketConfig):
    name = "checkout.basket"

    def ready(self) -> None:
        """Only our receivers; views and URLs are our own, Oscar's are not loaded."""
        from . import receivers  # noqa: F401
