"""Reads of counts that more than one caller needs."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from .models import CountLine, CountTask
from .states import TO_DO


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
