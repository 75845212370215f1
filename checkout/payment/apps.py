"""Fork of oscar.payment. Why: Source.refund/debit/allocate lose updates and know no ceiling; money needs a row per
attempt with a machine, an idempotency key stored before the call, and refunds with the same."""

from oscar.apps.payment import apps


class PaymentConfig(apps.PaymentConfig):
    name = "checkout.payment"

    def ready(self) -> None:
        """Say what needs a second person here."""
        super().ready()
        from .approval import register_kind

        register_kind()
