"""Reads of counts that more than one caller needs."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from shop.kernel.models import StateChange

from .models import CountLine, CountTask
from .states import COUNT_TASK, IN_HAND, TO_DO

#: What a round that was counted to its end leads to.
_ROUND_ENDS = ("recount", "approval", "booked")


def tasks() -> QuerySet[CountTask]:
    """Counts with bin, article and people; ``articles`` on them. One query."""
    found: QuerySet[CountTask, Any] = CountTask.objects.select_related(
        "bin__site", "bin__zone", "stockrecord__product__parent", "stockrecord__product__colour",
        "counter", "recounter", "approver", "created_by",
    )  # fmt: skip
    return found.annotate(articles=Count("lines", distinct=True))


def to_do() -> int:
    """Counts that somebody has to walk for."""
    return CountTask.objects.filter(state__in=TO_DO).count()


def to_approve() -> int:
    """Counts that wait for a second pair of eyes."""
    return CountTask.objects.filter(state="approval").count()


def rounds_ended() -> QuerySet[StateChange]:
    """Each round of a count (``thing_id``) that somebody (``by``) counted to its end, also one that was set aside."""
    return StateChange.objects.filter(machine=COUNT_TASK.name, old__in=IN_HAND, new__in=_ROUND_ENDS)


def people_who_counted(task: CountTask) -> set[int]:
    """Ids of all who counted any round of it, also one that was set aside and is on no page any more. Two queries."""
    scanned = task.scans.order_by().values_list("by", flat=True).distinct()
    ended = rounds_ended().filter(thing_id=task.pk).values_list("by", flat=True)
    found = {task.counter_id, task.recounter_id, *scanned, *ended}
    return {pk for pk in found if pk is not None}


def lines_of(task_id: int) -> QuerySet[CountLine]:
    """Lines with article and lot, by SKU. One query."""
    return CountLine.objects.filter(task_id=task_id).select_related(
        "stockrecord__product__parent", "stockrecord__product__colour", "lot"
    )


def searched(rows: QuerySet[CountTask], text: str) -> QuerySet[CountTask]:
    """Counts by number, bin, or an article on them."""
    with_sku = CountLine.objects.filter(stockrecord__partner_sku__iexact=text).values("task")
    return rows.filter(
        Q(number__icontains=text)
        | Q(bin__code__icontains=text)
        | Q(stockrecord__partner_sku__iexact=text)
        | Q(pk__in=with_sku)
    )
