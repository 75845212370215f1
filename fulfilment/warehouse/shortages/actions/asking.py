"""A question begins when pieces stay missing, and ends without an answer when the order is cancelled."""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Sum

from checkout.order.models import Order
from fulfilment.warehouse.picking.actions import WANTED
from fulfilment.warehouse.picking.actions.sites import hold_order
from fulfilment.warehouse.shortages import approving, queries
from fulfilment.warehouse.shortages.events import ShortageAsked
from fulfilment.warehouse.shortages.models import ShortagePolicy, ShortageQuestion
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .answering import decide_by_rule, set_phantoms_aside
from .goods import refresh_waiting

BATCH = 200  #: lines looked at in one run
#: Goods on their way, just counted or being put back lie in a bin again soon; the shopper need not be troubled.
TIME_TO_TURN_UP = dt.timedelta(minutes=30)


def note_short(*, order_id: int, order_line_id: int) -> ShortageQuestion | None:
    """Pieces of a line stay missing: ask about those that no earlier question covers. A repeat changes nothing.

    An open question of the line grows and is mailed anew. When the shop does not ask, its rule decides at once. None
    when nothing is missing (goods came meanwhile) or the order is over.
    """

    def work() -> ShortageQuestion | None:
        order = hold_order(order_id)
        if order.status not in WANTED:
            return None
        lacking = queries.missing_pieces(order_id, order_line_id) - _covered(order_line_id)
        found = None
        if lacking > 0:
            found = _grow(order_line_id, lacking) or _ask(order, order_line_id, lacking)
            if found.is_open and not ShortagePolicy.current().asks:
                decide_by_rule(order, found)
        refresh_waiting(order_id)
        return found

    return retrying(work)


def ask_overlooked() -> int:
    """Ask about pieces that no bin held from the start, once they have had time to turn up. Returns questions asked.

    Nobody walks for them, so no picker ever says that they are missing. Each order in a transaction of its own.
    """
    lost = queries.not_asked().filter(pick_list__created_at__lte=now() - TIME_TO_TURN_UP)
    lines = lost.order_by("pick_list__created_at", "order_line").values_list("pick_list__order", "order_line")
    asked = 0
    for order_id, line_id in list(dict.fromkeys(lines))[:BATCH]:
        asked += note_short(order_id=order_id, order_line_id=line_id) is not None
    return asked


def _covered(order_line_id: int) -> int:
    """Missing pieces that a question already speaks of."""
    hoping = ShortageQuestion.objects.filter(queries.HOPING, order_line=order_line_id)
    return int(hoping.aggregate(n=Sum("pieces"))["n"] or 0)


def _ask(order: Order, order_line_id: int, pieces: int) -> ShortageQuestion:
    policy = ShortagePolicy.current()
    moment = now()
    question = ShortageQuestion.objects.create(
        order=order,
        order_line_id=order_line_id,
        pieces=pieces,
        asked_at=moment,
        deadline=moment + dt.timedelta(hours=policy.hours),
    )
    if policy.asks:
        tell(question)
    return question


def _grow(order_line_id: int, more: int) -> ShortageQuestion | None:
    rows = ShortageQuestion.objects.filter(order_line=order_line_id, state="asked")
    if not rows.update(pieces=F("pieces") + more, version=F("version") + 1):
        return None
    question = rows.get()
    approving.void(question, approving.CHANGED)
    tell(question)
    return question


def tell(question: ShortageQuestion) -> None:
    """Let the customer be asked (anew); within the transaction that changed the question."""
    record(ShortageAsked(question.pk, question.order_id, question.version))


def withdraw(*, order_id: int, why: str) -> int:
    """The order was cancelled: its questions are void. Returns how many; nothing while the order is wanted."""

    def work() -> int:
        order = hold_order(order_id)
        if order.status in WANTED:
            return 0
        rows = list(ShortageQuestion.objects.filter(queries.HOPING, order_id=order_id))
        for question in rows:
            move(question, to="withdrawn", why=why)
            approving.void(question, approving.CANCELLED)
            set_phantoms_aside(order, question, None)
        refresh_waiting(order_id)
        return len(rows)

    return retrying(work)
