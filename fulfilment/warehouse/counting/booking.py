"""A count becomes a movement: set-aside pieces first go back into the bin, then the difference is booked and told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop, override

from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import COUNT, BinStock, Movement
from fulfilment.warehouse.stock.queries import set_aside_in
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import move

from .events import StockDifference
from .judging import ASIDE
from .models import PROBLEM_MAX_CHARS, CountLine, CountTask


def settle(task: CountTask, *, limit_minor: int, by: Any) -> str:
    """The count is closed and believed: book it, or ask for approval when its value is above ``limit_minor`` (cents).

    A difference that cannot be booked now (its pieces are promised to customers) waits for approval too, with the
    reason. Part of a caller's transaction. Returns the state.
    """
    lines = lines_to_book(task)
    value = sum(line.value_minor for line in lines)
    CountTask.objects.filter(pk=task.pk).update(value_minor=value, counted_at=now(), problem="")
    if sum(abs(line.value_minor) for line in lines) > limit_minor:
        move(task, to="approval", by=by, why=gettext_noop("the value needs another person's approval"))
        return task.state
    try:
        with transaction.atomic():
            book(task, lines, by=by)
    except StockError as error:
        why = gettext_noop("could not be booked")
        move(task, to="approval", by=by, why=why, problem=str(error)[:PROBLEM_MAX_CHARS])
        return task.state
    move(task, to="booked", by=by, closed_at=now())
    return task.state


def lines_to_book(task: CountTask) -> list[CountLine]:
    """Lines in the order in which every writer takes SKUs. One query."""
    return list(task.lines.select_related("stockrecord", "lot").order_by("stockrecord_id", "pk"))


def counted_since(task: CountTask, lines: list[CountLine]) -> list[CountLine]:
    """Lines whose bin was counted otherwise after this count was closed: booking them would book a loss twice."""
    return [
        line
        for line in lines
        if Movement.objects.filter(
            kind=COUNT, bin=task.bin_id, stockrecord=line.stockrecord_id, pk__gt=line.frozen
        ).exists()
    ]


def book(task: CountTask, lines: list[CountLine], *, by: Any) -> None:
    """Write the movements and tell finance, as part of a caller's transaction. StockError when pieces that are promised
    to customers would vanish."""
    aside = {record for record, _lot in set_aside_in(task.bin_id)}
    for line in lines:
        if line.stockrecord_id in aside:
            cause = f"{ASIDE}{task.number}"
            stock.return_set_aside(stockrecord=line.stockrecord, bin=task.bin, cause=cause, by=by)
        if line.difference:
            _book_line(task, line, by)
    # Somebody looked: planners may send pickers here again, also where the count agreed.
    there = BinStock.objects.filter(bin=task.bin, stockrecord__in=[line.stockrecord_id for line in lines])
    there.filter(is_doubtful=True).update(is_doubtful=False)


def _book_line(task: CountTask, line: CountLine, by: Any) -> None:
    stock.correct(
        stockrecord=line.stockrecord,
        bin=task.bin,
        difference=line.difference,
        lot=line.lot,
        cause=task.source,
        why=task.note or task.WHY[task.cause],
        by=by,
    )
    CountLine.objects.filter(pk=line.pk).update(is_booked=True)
    record(
        StockDifference(
            task_id=task.pk,
            number=task.number,
            line_id=line.pk,
            stockrecord_id=line.stockrecord_id,
            sku=line.stockrecord.partner_sku,
            bin=task.bin.code,
            quantity=line.difference,
            value_minor=line.value_minor,
            currency=line.stockrecord.price_currency,
            why=_in_the_books(task),
        )
    )


def _in_the_books(task: CountTask) -> str:
    """Why it was counted, in the language of the house: finance keeps it as text."""
    with override(settings.LANGUAGE_CODE):
        return task.note or str(task.get_cause_display())
