"""Many counts by one query: a UNION of one row each, for pages that say what waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, QuerySet, Value


def counts(named: Iterable[tuple[str, QuerySet[Any]]]) -> dict[str, int]:
    """How many rows each query has, by its name; one name may stand for several queries, whose rows are added up.

    One query, however many there are; none for none. A name without rows may be missing: ask by ``get(name, 0)``.
    """
    parts = [_part(name, rows) for name, rows in named]
    if not parts:
        return {}
    total: dict[str, int] = {}
    for name, count in parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]:
        total[name] = total.get(name, 0) + count
    return total


def _part(name: str, rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    named = rows.order_by().annotate(counted_as=Value(name)).values("counted_as")
    return named.annotate(counted=Count("pk")).values_list("counted_as", "counted")
