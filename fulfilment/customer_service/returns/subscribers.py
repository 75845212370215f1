"""What the room hears."""

from checkout.order.events import OrderAmended, OrderCancelled, OrderConfirmed
from checkout.order.models import Order
from fulfilment.warehouse.receiving.events import ReturnAuthorised, ReturnSettled
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.outbox import subscribe

from . import actions, cancelled, sending
from .models import Exchange


@subscribe(ReturnSettled, "service.settle_return")
def settle_return(event: ReturnSettled) -> None:
    """What came back is accepted: its money is reckoned, and goes back by itself where the law leaves no choice;
    what was exchanged and is here like new lets the new size go."""
    if any(line["order_line_id"] is not None for line in event.lines):
        returning = Return.objects.select_related("order").get(pk=event.return_id)
        actions.propose(returning=returning, lines=event.lines)


@subscribe(OrderCancelled, "service.new_goods_cancelled")
def new_goods_cancelled(event: OrderCancelled) -> None:
    """New goods are not sent after all: who gave the old ones away for them waits for neither goods nor money."""
    made = Order.objects.select_related("replaces").get(pk=event.order_id)
    if made.replaces_id is not None:
        cancelled.decide_anew(made=made)


@subscribe(OrderAmended, "service.new_goods_amended")
def new_goods_amended(event: OrderAmended) -> None:
    """Some new goods are not sent after all: who gave old ones away for those waits for neither goods nor money."""
    made = Order.objects.select_related("replaces").get(pk=event.order_id)
    if made.replaces_id is not None and made.status != "cancelled":
        cancelled.decide_rest(made=made)


@subscribe(ReturnAuthorised, "service.explain_return")
def explain_return(event: ReturnAuthorised) -> None:
    """The customer is told by when to send it and at whose cost; the paper for the parcel is ready."""
    returning = Return.objects.select_related("order__user", "exchange__made").get(pk=event.return_id)
    swapped = getattr(returning, "exchange", None)
    if swapped is None or swapped.made.status != "awaiting_payment":  # else when the difference is paid
        sending.explain(returning=returning)


@subscribe(OrderConfirmed, "service.explain_exchange")
def explain_exchange(event: OrderConfirmed) -> None:
    """The difference for a dearer size is paid: its customer is told how to send the old piece."""
    swapped = Exchange.objects.filter(made_id=event.order_id, more_minor__gt=0).first()
    if swapped is not None:
        sending.explain(returning=Return.objects.select_related("order__user").get(pk=swapped.returning_id))
