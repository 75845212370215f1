"""Fork of oscar.checkout. Why: stock Oscar places payment rows outside the transaction, mails inside the request and
chains three redirects of 24 queries; our views call checkout.order.actions.place() instead."""

from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    name = "checkout"

    def ready(self) -> None:
        """Views and URLs are our own; Oscar's are not loaded."""
