"""What the room hears."""

from fulfilment.warehouse.receiving.events import ReturnAuthorised, ReturnSettled
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.outbox import subscribe

from . import actions, exchange, sending


@subscribe(ReturnSettled, "service.settle_return")
def settle_return(event: ReturnSettled) -> None:
    """What came back is accepted: its money is reckoned, and goes back by itself where the law leaves no choice."""
    if any(line["order_line_id"] is not None for line in event.lines):
        returning = Return.objects.select_related("order").get(pk=event.return_id)
        actions.propose(returning=returning, lines=event.lines)


@subscribe(ReturnSettled, "service.finish_exchange")
def finish_exchange(event: ReturnSettled) -> None:
    """What was exchanged is here like new: the new size may go."""
    exchange.finish(returning=Return.objects.get(pk=event.return_id), lines=event.lines)


@subscribe(ReturnAuthorised, "service.explain_return")
def explain_return(event: ReturnAuthorised) -> None:
    """The customer is told by when to send it and at whose cost; the paper for the parcel is ready."""
    sending.explain(returning=Return.objects.select_related("order__user").get(pk=event.return_id))
