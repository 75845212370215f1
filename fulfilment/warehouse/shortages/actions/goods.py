"""Goods that come are planned for those who wait, the longest waiting first; their questions are settled."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q

from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.shortages import queries
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.stock.models import PICKABLE, BinStock
from shop.kernel.states import move
from shop.kernel.transactions import retrying

BATCH = 200  #: orders planned anew in one go; the next run takes the rest


def refresh_waiting(order_id: int) -> None:
    """Lists of the order wait while a question is open or to be asked, or the shopper waits for goods; else they may
    be packed."""
    waits = ShortageQuestion.objects.filter(queries.HOLDS, order_id=order_id).exists()
    waits = waits or queries.is_to_be_asked(order_id)
    lists = PickList.objects.filter(order_id=order_id).exclude(waits_for_answer=waits)
    lists.update(waits_for_answer=waits)


def settle(*, order_id: int) -> int:
    """Bring the questions of an order in line with what is still missing. Returns how many are settled now.

    Part of a caller's transaction that holds the order.
    """
    missing: dict[int, int] = {}
    for want in picking.missing_of(order_id):
        missing[want.order_line_id] = missing.get(want.order_line_id, 0) + want.quantity
    settled = 0
    for question in ShortageQuestion.objects.filter(queries.HOPING, order_id=order_id).order_by("pk"):
        left = min(question.pieces, missing.get(question.order_line_id, 0))
        if not left:
            move(question, to="settled", why="the pieces turned up")
            settled += 1
        elif left < question.pieces:
            ShortageQuestion.objects.filter(pk=question.pk).update(pieces=left, version=F("version") + 1)
        missing[question.order_line_id] = missing.get(question.order_line_id, 0) - left
    refresh_waiting(order_id)
    return settled


def plan_waiting(*, stockrecord_ids: Iterable[int] | None = None) -> int:
    """Plan missing pieces of which some lie in a bin again, the longest waiting order first; at all sites.

    ``stockrecord_ids``: only these articles (None: all). Each order in a transaction of its own: one that cannot be
    planned keeps no other waiting. Returns pieces planned; safe to repeat.
    """
    planned = 0
    for order_id in _waiting_orders(stockrecord_ids):
        planned += _plan(order_id)
    return planned


def _waiting_orders(stockrecord_ids: Iterable[int] | None) -> list[int]:
    """Orders with pieces that were not found, and of whose articles some piece can be picked. One query."""
    there = BinStock.objects.filter(
        stockrecord=OuterRef("stockrecord"),
        quantity__gt=0,
        is_doubtful=False,
        bin__kind__in=PICKABLE,
        bin__is_active=True,
    )
    short = PickLine.objects.filter(
        Exists(there),
        state="short",
        quantity_picked__lt=F("quantity"),
        order_line__quantity__gt=F("order_line__quantity_dispatched") + F("order_line__quantity_cancelled"),
        pick_list__order__status__in=picking.WANTED,
    )
    if stockrecord_ids is not None:
        short = short.filter(Q(stockrecord__in=list(stockrecord_ids)))
    orders = short.order_by("pick_list__order__date_placed", "pick_list__order")
    return list(dict.fromkeys(orders.values_list("pick_list__order", flat=True)))[:BATCH]


def _plan(order_id: int) -> int:
    pick_list = PickList.objects.filter(order_id=order_id).exclude(state="cancelled").first()
    if pick_list is None:
        return 0

    def work() -> int:
        found = picking.plan_rest(pick_list=pick_list)
        settle(order_id=order_id)
        return found

    try:
        return retrying(work)
    except picking.PickError:  # what lies there was planned for somebody else: this order goes on waiting
        return 0
