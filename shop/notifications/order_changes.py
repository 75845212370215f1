"""What the room hears of changed orders; loaded by ``subscribers``."""

from __future__ import annotations

from checkout.order.events import OrderAmended
from checkout.order.queries import order_for_fulfilment
from fulfilment.customer_service.changes.events import OrderChangeNews
from fulfilment.customer_service.changes.models import OrderChange
from fulfilment.customer_service.changes.states import WAITING
from shop.kernel.outbox import subscribe

from .letters import changed_order
from .telling import tell_customer


@subscribe(OrderAmended, "notifications.order_amended")
def order_amended(event: OrderAmended) -> None:
    """A part of the order will not come, or something else does: the customer gets that in writing."""
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="order_amended",
        fact=f"{order.pk}:{event.source}",
        make=lambda: changed_order.amended(order, event.source, event.amount_minor),
    )


@subscribe(OrderChangeNews, "notifications.order_change_news")
def order_change_news(event: OrderChangeNews) -> None:
    """A change waits for its payment, or is not made: the customer hears of it while that is still so."""
    order, change = order_for_fulfilment(event.order_id), OrderChange.objects.get(pk=event.change_id)
    if change.state == event.state:
        letter = changed_order.waits if event.state == WAITING else changed_order.not_made
        fact = f"{order.pk}:{change.source}:{event.state}"
        tell_customer(order, kind="order_amended", fact=fact, make=lambda: letter(order, change))
