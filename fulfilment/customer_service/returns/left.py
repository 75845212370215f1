"""What a customer has of an order and may still get new goods for: each piece brings one thing, never two."""

from __future__ import annotations

from django.db.models import Q, Sum, Value
from django.db.models.functions import Concat

from checkout.order.actions import replaceable_pieces
from checkout.order.models import Order
from fulfilment.finance.invoicing.models import CREDIT_NOTE, InvoiceLine
from fulfilment.warehouse.receiving.models import ReturnItem
from fulfilment.warehouse.receiving.states import EXPECTED

from .states import NOTHING

CAUSE = "replacement"  #: begins the cause of returns whose goods are replaced: no money goes back for them


def left_of(order: Order) -> dict[int, int]:
    """Order line id -> pieces that were sent and for which nothing was given nor is on its way: not replaced, not
    credited, not in a return that is awaited or whose money is not decided or went back. Four queries."""
    return {pk: max(0, count) for pk, count in _balance(order).items()}


def given_twice(order: Order) -> set[int]:
    """Order lines of which more pieces were replaced and given money for than were sent. Four queries."""
    return {pk for pk, count in _balance(order).items() if count < 0}


def goods_are_back(made: Order) -> bool:
    """Whether something came back for the new goods that ``made`` sends. One query, none for any other order."""
    return (
        made.replaces_id is not None
        and ReturnItem.objects.filter(
            returning__order_id=made.replaces_id,
            returning__cause=f"{CAUSE}:{made.number}",
            reception="received",
        ).exists()
    )


def _balance(order: Order) -> dict[int, int]:
    credited, coming = _credited(order), _coming_back(order)
    return {
        pk: count - credited.get(pk, 0) - coming.get(pk, 0) for pk, count in replaceable_pieces(order).items()
    }


def _credited(order: Order) -> dict[int, int]:
    """Order line id -> pieces credited without a return. Credit notes of returns are left out: their pieces are counted
    where they came back, which for the pieces of a replacement is another order than the credited one."""
    lines = InvoiceLine.objects.filter(
        invoice__order=order, invoice__kind=CREDIT_NOTE, credits__isnull=False, order_line_id__isnull=False
    ).exclude(invoice__source__startswith="return:")
    return dict(lines.order_by().values_list("order_line_id").annotate(Sum("quantity")))


def _coming_back(order: Order) -> dict[int, int]:
    """Order line id -> pieces of returns that may bring money: awaited, or here and not refused.

    Returns of what was replaced are left out (it is counted there, unless the new goods were cancelled), and those that
    were decided without money.
    """
    new = Order.objects.filter(replaces=order).exclude(status="cancelled")
    awaited = Q(reception="awaiting", returning__state__in=(*EXPECTED, "received"))
    here = Q(reception="received") & ~Q(acceptance="rejected")
    items = (
        ReturnItem.objects.filter(awaited | here, returning__order=order, order_line__isnull=False)
        .exclude(returning__cause__in=new.values_list(Concat(Value(f"{CAUSE}:"), "number")))
        .exclude(returning__settlement__state=NOTHING)
    )
    return dict(items.order_by().values_list("order_line_id").annotate(Sum("quantity")))
