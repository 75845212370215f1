"""Fork of oscar.order. Why: a stale second writer wins in ``set_status``; order numbers reveal basket ids; deleting an
order takes its payment and shipping events with it (CASCADE); lines need VAT rate and gross total in minor units."""

from oscar.apps.order import apps


class OrderConfig(apps.OrderConfig):
    name = "checkout.order"

    def ready(self) -> None:
        """Oscar's receivers mail inside the request; ours hear the outbox. All that becomes of an order carries the id
        of the click that placed it."""
        from shop.kernel.outbox import thread_by

        thread_by("order_id", _thread)


def _thread(order_id: int) -> str:
    from .models import Order

    return Order.objects.filter(pk=order_id).values_list("correlation_id", flat=True).first() or ""
