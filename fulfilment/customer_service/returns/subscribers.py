"""What the room hears."""

from fulfilment.warehouse.receiving.events import ReturnSettled
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.outbox import subscribe

from . import actions


@subscribe(ReturnSettled, "service.settle_return")
def settle_return(event: ReturnSettled) -> None:
    """What came back is accepted: its money is reckoned, and goes back by itself where the law leaves no choice."""
    if any(line["order_line_id"] is not None for line in event.lines):
        returning = Return.objects.select_related("order").get(pk=event.return_id)
        actions.propose(returning=returning, lines=event.lines)
