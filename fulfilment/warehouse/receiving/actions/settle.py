"""After the dock: decide what the shop takes, and settle: only then do service and finance count the pieces as back."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from checkout.order.actions import undo_return
from checkout.order.models import Line
from fulfilment.warehouse.receiving import pieces
from fulfilment.warehouse.receiving.events import ReturnSettled
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.receiving.states import ACCEPTANCE
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

OPEN = ("pending", "undecided")


def decide(*, item: ReturnItem, accept: bool, by: Any, why: str = "") -> bool:
    """The shop takes these pieces, or gives them back to the customer: then they leave quarantine and count as not
    returned. Returns whether the return is settled by it.

    StockError in words: not received yet, decided before, no reason for a rejection, the pieces no longer lie there.
    """
    if not accept and not why.strip():
        raise StockError(_("Please say why it is not accepted; the customer will ask."))

    def write() -> bool:
        # Held until the end: of two people who decide the last two items the second one sees that nothing is left.
        Return.objects.select_for_update(no_key=True).get(pk=item.returning_id)
        fresh = ReturnItem.objects.select_related("returning__order", "bin", "lot", "order_line").get(
            pk=item.pk
        )
        if fresh.returning.state != "received":
            raise StockError(_("Please finish unpacking the return first."))
        try:
            move(fresh, machine=ACCEPTANCE, to="accepted" if accept else "rejected", by=by, why=why.strip())
        except (StaleState, MoveNotAllowed):
            raise StockError(_("This was decided already. Please look again.")) from None
        if not accept and fresh.order_line_id is not None:
            undo_return(order_line_id=fresh.order_line_id, quantity=fresh.quantity)
            pieces.take_away(item=fresh, by=by, why=why.strip())
        return settle_if_decided(fresh.returning, by=by)

    return retrying(write)


def settle_if_decided(returning: Return, *, by: Any) -> bool:
    """Settle a received return of which nothing is left to decide, and tell what was accepted. Part of the caller's
    transaction. False when something is still open, or a colleague settled it in the same moment."""
    items = list(returning.items.select_related("order_line").order_by("pk"))
    if any(item.acceptance in OPEN for item in items if item.reception in ("received", "wrong_item")):
        return False
    try:
        move(returning, to="settled", by=by, settled_at=now())
    except StaleState:
        return False
    accepted = [item for item in items if item.reception == "received" and item.acceptance == "accepted"]
    values = _write_values(accepted)
    record(
        ReturnSettled(
            return_id=returning.pk,
            number=returning.number,
            order_id=returning.order_id,
            order_number=returning.order.number,
            currency=returning.order.currency,
            settled_at=(returning.settled_at or now()).isoformat(),
            lines=[_line(item, values[item.pk]) for item in accepted],
        )
    )
    return True


def _line(item: ReturnItem, value_minor: int) -> dict[str, Any]:
    return {
        "order_line_id": item.order_line_id,
        "quantity": item.quantity,
        "grade": item.grade,
        "disposition": item.disposition,
        "value_minor": value_minor,
        "cost_minor": (item.order_line.unit_cost_minor if item.order_line else 0) * item.quantity,
    }


def _write_values(items: list[ReturnItem]) -> dict[int, int]:
    """What the customer owed for the pieces of each item, to the cent: n partial returns of a line add up to it.

    Each gets the share of all pieces back by then, less what earlier ones got. The lines are held meanwhile, so two
    returns of one line that are settled at once do not both count from the same start.
    """
    lines = {item.order_line_id for item in items}
    held = Line.objects.select_for_update().filter(pk__in=lines).order_by("pk").in_bulk()
    before: dict[int | None, tuple[int, int]] = defaultdict(lambda: (0, 0))
    earlier = (
        ReturnItem.objects.filter(
            order_line__in=lines, reception="received", acceptance="accepted", returning__state="settled"
        )
        .exclude(pk__in=[item.pk for item in items])
        .order_by()
        .values("order_line")
        .annotate(n=Sum("quantity"), value=Sum("value_minor"))
    )
    for row in earlier:
        before[row["order_line"]] = (row["n"], row["value"])
    values = {}
    for item in items:
        line = held[item.order_line_id or 0]
        count, value = before[line.pk]
        values[item.pk] = line.owed_for(count + item.quantity) - value
        before[line.pk] = (count + item.quantity, value + values[item.pk])
        ReturnItem.objects.filter(pk=item.pk).update(value_minor=values[item.pk])
    return values
