"""Fork of oscar.order. Why: a stale second writer wins in ``set_status``; order numbers reveal basket ids; deleting an
order takes its payment and shipping events with it (CASCADE); lines need VAT rate and gross total in minor units."""

from oscar.apps.order import apps


class OrderConfig(apps.OrderConfig):
    name = "checkout.order"

    def ready(self) -> None:
        """Oscar's receivers mail inside the request; ours hear the outbox."""
