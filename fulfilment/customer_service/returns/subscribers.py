"""What the room hears."""

from checkout.order.events import OrderCancelled
from checkout.order.models import Order
from fulfilment.warehouse.receiving.events import ReturnAuthorised, ReturnSettled
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.outbox import subscribe

from . import actions, cancelled, sending


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
    if made.is_replacement:
        cancelled.decide_anew(made=made)


@subscribe(ReturnAuthorised, "service.explain_return")
def explain_return(event: ReturnAuthorised) -> None:
    """The customer is told by when to send it and at whose cost; the paper for the parcel is ready."""
    sending.explain(returning=Return.objects.select_related("order__user").get(pk=event.return_id))
