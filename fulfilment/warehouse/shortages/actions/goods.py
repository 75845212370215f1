"""Goods that come are planned for those who wait, the longest waiting first; their questions are settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Exists, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from checkout.order.models import Line
from checkout.shipping.models import PICKUP, DeliveryMethod
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.routing.queries import sending_sites, stores
from fulfilment.warehouse.shortages import approving, queries
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.stock.actions import default_site
from fulfilment.warehouse.stock.models import PICKABLE, BinStock
from fulfilment.warehouse.stock.queries import pickable_by_site
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
            approving.void(question, approving.TURNED_UP)
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
    """At most BATCH orders that can be served now, the longest waiting first. A constant number of queries.

    What lies there is shared out by age in thought, so nobody is asked about what older ones will take. Those who wait
    for what does not come take no turn from those behind them: each order named gets something, and the next run goes
    on after it.
    """
    missing = list(_missing(stockrecord_ids))
    free = _free({record_id for _order, _code, record_id, _pieces in missing})
    fetched = set(DeliveryMethod.objects.filter(kind=PICKUP).values_list("code", flat=True))
    senders = [site.pk for site in sending_sites()] or [default_site().pk]
    counters = [site.pk for site in stores()[:1]] or [default_site().pk]
    served: dict[int, None] = {}
    for order_id, method, record_id, pieces in missing:
        if len(served) == BATCH and order_id not in served:
            break
        if _take(free, record_id, pieces, counters if method in fetched else senders):
            served[order_id] = None
    return list(served)


def _missing(stockrecord_ids: Iterable[int] | None) -> Iterator[tuple[int, str, int, int]]:
    """(order, delivery method, stock record, pieces) of what was not found and is still wanted, and of which something
    lies in a bin; the longest waiting first. One query."""
    there = BinStock.objects.filter(stockrecord=OuterRef("stockrecord"), quantity__gt=0, is_doubtful=False)
    planned = PickLine.objects.filter(order_line=OuterRef("pk"))
    lines = Line.objects.filter(
        Exists(there.filter(bin__kind__in=PICKABLE, bin__is_active=True)),
        Exists(planned.filter(state="short", quantity_picked__lt=F("quantity"))),
        quantity__gt=F("quantity_dispatched") + F("quantity_cancelled"),
        order__status__in=picking.WANTED,
    )
    if stockrecord_ids is not None:
        lines = lines.filter(stockrecord__in=list(stockrecord_ids))
    sums = planned.order_by().values("order_line")
    taken = sums.filter(put_back=False).annotate(n=Sum("quantity_picked")).values("n")
    coming = sums.filter(state="open").annotate(n=Sum(F("quantity") - F("quantity_picked"))).values("n")
    lines = lines.annotate(
        left=F("quantity")
        - F("quantity_cancelled")
        - Coalesce(Subquery(taken), 0)
        - Coalesce(Subquery(coming), 0)
    ).filter(left__gt=0)
    rows = lines.order_by("order__date_placed", "order", "pk")
    yield from rows.values_list("order", "order__shipping_code", "stockrecord", "left")


def _free(stockrecord_ids: set[int]) -> dict[tuple[int, int], int]:
    """(site, stock record) -> pieces that a picker may be sent for and that no list will take. Three queries."""
    planned = picking.planned_per_site(stockrecord_ids)
    return {
        (site_id, record_id): pieces - planned.get((site_id, record_id), 0)
        for record_id, by_site in pickable_by_site(stockrecord_ids).items()
        for site_id, pieces in by_site.items()
    }


def _take(free: dict[tuple[int, int], int], record_id: int, pieces: int, sites: Iterable[int]) -> int:
    """Take up to ``pieces`` of what is free at these sites; how many there were."""
    left = pieces
    for site_id in sites:
        part = min(left, max(0, free.get((site_id, record_id), 0)))
        if part:
            free[site_id, record_id] -= part
            left -= part
    return pieces - left


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
