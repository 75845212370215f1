"""Reads of shortages that more than one caller needs."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from checkout.order.models import Line
from fulfilment.warehouse.picking.actions import WANTED, missing_of
from fulfilment.warehouse.picking.models import PickLine

from .models import DECIDED, HOPES_FOR_GOODS, WAIT, ShortageQuestion

#: Questions whose lists wait: unanswered, or the shopper waits for goods.
HOLDS = Q(state="asked") | Q(state__in=DECIDED, answer=WAIT)
#: Questions that goods would still help.
HOPING = Q(state="asked") | Q(state__in=DECIDED, answer__in=HOPES_FOR_GOODS)


def questions() -> QuerySet[ShortageQuestion]:
    """Questions with all that lists and pages show. One query."""
    return ShortageQuestion.objects.select_related(
        "order__billing_address", "order__user", "order_line__product__parent", "substitute__product__parent"
    )


def open_questions() -> int:
    """How many await an answer."""
    return ShortageQuestion.objects.filter(state="asked").count()


def of_order(order_id: int) -> list[ShortageQuestion]:
    """Every question about an order, the first asked first. One query."""
    return list(questions().filter(order_id=order_id).order_by("pk"))


def missing_pieces(order_id: int, order_line_id: int) -> int:
    """Pieces of a line that are neither picked nor planned anywhere. Three queries."""
    return sum(want.quantity for want in missing_of(order_id) if want.order_line_id == order_line_id)


def freed_minor(line: Line, pieces: int) -> int:
    """What would no longer be owed if so many more pieces of a line were cancelled, gross in minor units."""
    left = line.quantity - line.quantity_cancelled - pieces
    return line.owed_minor - line.owed_for(max(0, left))


def is_rest(question: ShortageQuestion) -> bool:
    """Whether nothing of the order would be left without the missing pieces, and nothing has left. One query."""
    lines = Line.objects.filter(order_id=question.order_id)
    return all(
        not line.quantity_dispatched
        and line.quantity_open == (question.pieces if line.pk == question.order_line_id else 0)
        for line in lines
    )


def sends_something_now(question: ShortageQuestion) -> bool:
    """Whether there is anything to send without the missing pieces. One query."""
    lines = Line.objects.filter(order_id=question.order_id)
    still_open = sum(line.quantity_open for line in lines)
    hoped = ShortageQuestion.objects.filter(HOPING, order_id=question.order_id).exclude(pk=question.pk)
    return still_open - question.pieces - sum(hoped.values_list("pieces", flat=True)) > 0


def not_asked() -> QuerySet[PickLine]:
    """Lines for which no bin held anything when they were planned, and that no question speaks of. What may be sold
    before it is there is not asked about. Their pieces may have come since: missing_pieces() knows."""
    hoping = ShortageQuestion.objects.filter(HOPING, order_line=OuterRef("order_line"))
    return PickLine.objects.filter(
        ~Exists(hoping),
        state="short",
        bin=None,
        order_line__quantity__gt=F("order_line__quantity_dispatched") + F("order_line__quantity_cancelled"),
        pick_list__order__status__in=WANTED,
    ).exclude(stockrecord__backorderable=True)


def is_to_be_asked(order_id: int) -> bool:
    """Whether pieces are missing of which the shopper does not know yet. One query, four where no bin held some."""
    lines = set(not_asked().filter(pick_list__order=order_id).values_list("order_line", flat=True))
    return bool(lines) and any(want.order_line_id in lines for want in missing_of(order_id))
