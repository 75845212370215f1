"""Which bins are due: articles that move much money are counted often, the others seldom."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, Max, Sum

from fulfilment.warehouse.stock.models import DISPATCH, PICK, RESERVE, SHOP_FLOOR, Bin, BinStock, Movement
from shop.kernel import clock

from . import actions
from .judging import policy
from .models import CYCLE, CountPolicy, CountTask
from .states import TO_DO

#: Kinds of bins that are counted regularly; in the others goods only pass through.
COUNTED_KINDS = (PICK, RESERVE, SHOP_FLOOR)


def article_classes(rules: CountPolicy, at: dt.datetime | None = None) -> dict[int, str]:
    """Stock record id -> "A" or "B" by its share of the value dispatched lately; all others are "C". One query."""
    since = (at or clock.now()) - dt.timedelta(days=rules.window_days)
    moved = (
        Movement.objects.filter(kind=DISPATCH, at__gte=since)
        .order_by()
        .values("stockrecord_id")
        .annotate(value=Sum(-F("quantity") * F("stockrecord__unit_cost_minor")))
        .values_list("stockrecord_id", "value")
    )
    ranked = sorted(((value or 0, pk) for pk, value in moved), key=lambda row: (-row[0], row[1]))
    total = sum(value for value, _pk in ranked)
    classes: dict[int, str] = {}
    before = 0
    for value, pk in ranked:
        if not value or before * 100 >= rules.b_percent * total:
            break
        classes[pk] = "A" if before * 100 < rules.a_percent * total else "B"
        before += value
    return classes


def bins_due(rules: CountPolicy, at: dt.datetime | None = None) -> list[tuple[Bin, str]]:
    """Bins whose last whole count is too long ago for their class (the best of their articles'): class A first, within
    it the longest not counted. Five queries whatever the number of bins."""
    moment = at or clock.now()
    classes = article_classes(rules, moment)
    best: dict[int, str] = {}
    lying = BinStock.objects.filter(quantity__gt=0, bin__is_active=True, bin__kind__in=COUNTED_KINDS)
    for bin_id, record in lying.order_by().values_list("bin_id", "stockrecord_id"):
        best[bin_id] = min(best.get(bin_id, "C"), classes.get(record, "C"))
    busy = set(CountTask.objects.filter(state__in=(*TO_DO, "approval")).values_list("bin_id", flat=True))
    last = _last_counted()
    due = [
        (abc, last.get(bin_id), bin_id)
        for bin_id, abc in best.items()
        if bin_id not in busy and _is_due(last.get(bin_id), rules.days_of(abc), moment)
    ]
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    due.sort(key=lambda row: (row[0], row[1] or never, row[2]))
    bins = Bin.objects.in_bulk([bin_id for _abc, _last, bin_id in due])
    return [(bins[bin_id], abc) for abc, _last, bin_id in due]


def _last_counted() -> dict[int, Any]:
    done = CountTask.objects.filter(state="booked", stockrecord=None).order_by()
    return dict(done.values("bin_id").annotate(last=Max("closed_at")).values_list("bin_id", "last"))


def _is_due(last: dt.datetime | None, days: int, moment: dt.datetime) -> bool:
    return last is None or last + dt.timedelta(days=days) <= moment


def plan_counts(*, by: Any = None, at: dt.datetime | None = None) -> int:
    """Make the tasks of the day. Returns how many are new; a second run on the same day makes none beyond the policy's
    number of bins a day that are still to be counted."""
    rules = policy()
    waiting = CountTask.objects.filter(cause=CYCLE, state__in=TO_DO).count()
    made = 0
    for bin, abc in bins_due(rules, at)[: max(0, rules.bins_per_day - waiting)]:
        _task, new = actions.ask(bin=bin, cause=CYCLE, abc=abc, by=by)
        made += new
    return made
