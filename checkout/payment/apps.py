"""Fork of oscar.payment. Why: Source.refund/debit/allocate lose updates and know no ceiling; money needs a row per
attempt with a machine, an idempotency key stored before the call, and refunds with the same."""

from oscar.apps.payment import apps


class PaymentConfig(apps.PaymentConfig):
    name = "checkout.payment"

    def ready(self) -> None:
        """Say what needs a second person here, and that a payment's thread is its order's."""
        super().ready()
        from shop.kernel.outbox import thread_by

        from .approval import register_kind

        register_kind()
        thread_by("payment_id", _thread)


def _thread(payment_id: int) -> str:
    from .models import Payment

    found = Payment.objects.filter(pk=payment_id).values_list("order__correlation_id", flat=True)
    return found.first() or ""
