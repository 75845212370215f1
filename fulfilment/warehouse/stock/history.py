"""Why is it 47? Movements of an article with the balance after each, and a picture of it over time.

A balance is reckoned backwards from what lies there now, so a page costs what it shows and not what ever happened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, IntegerField, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Cast

from shop.ui.times import short_datetime

from .models import PICKED, TRANSFER, BinStock, LotStock, Movement

CHART_POINTS = 120
#: Over longer histories the picture is drawn from so many steps, each the sum of the movements in it.
CHART_STEPS = 600


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose balance is asked: of a SKU in the whole house, at a site, in a bin, of a lot."""

    stockrecord_id: int
    site_id: int | None = None
    bin_id: int | None = None
    lot_id: int | None = None

    @property
    def is_house(self) -> bool:
        """Whether nothing narrows it."""
        return not (self.site_id or self.bin_id or self.lot_id)

    def movements(self) -> QuerySet[Movement]:
        """Every movement in it."""
        narrow: dict[str, Any] = {"bin__site_id": self.site_id, "bin_id": self.bin_id, "lot_id": self.lot_id}
        return Movement.objects.filter(
            stockrecord_id=self.stockrecord_id, **{name: value for name, value in narrow.items() if value}
        )

    def present(self) -> int:
        """Pieces that lie in it now. One query."""
        narrow: dict[str, Any] = {"bin__site_id": self.site_id, "bin_id": self.bin_id}
        where = {name: value for name, value in narrow.items() if value}
        if self.lot_id:
            held: QuerySet[Any] = LotStock.objects.filter(lot_id=self.lot_id, **where)
        else:
            held = BinStock.objects.filter(stockrecord_id=self.stockrecord_id, **where)
        return held.aggregate(n=Sum("quantity"))["n"] or 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which movements are shown: of a kind, of some days."""

    kind: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.kind or self.since or self.until)

    def of(self, rows: QuerySet[Movement]) -> QuerySet[Movement]:
        """Rows that are shown, latest first, with what a page says about them."""
        fitting = Q()
        if self.kind:
            fitting &= Q(kind=self.kind)
        if self.since:
            fitting &= Q(at__gte=self.since)
        if self.until:
            fitting &= Q(at__lt=self.until)
        return rows.filter(fitting).select_related("bin", "lot", "by").order_by("-pk")


def balances(scope: Scope, shown: list[Movement], *, everything: bool) -> dict[int, int]:
    """The balance of the scope after each of the shown movements (latest first), by id.

    everything: nothing between them is left out. Two queries; a further one when something is.
    """
    if not shown:
        return {}
    newest, oldest = shown[0].pk, shown[-1].pk
    above = scope.movements().filter(pk__gt=newest).aggregate(n=Sum("quantity"))["n"] or 0
    balance = scope.present() - above
    if everything:
        steps = [(row.pk, row.quantity) for row in shown]
    else:
        between = scope.movements().filter(pk__gte=oldest, pk__lte=newest).order_by("-pk")
        steps = list(between.values_list("pk", "quantity"))
    found = {}
    for pk, quantity in steps:
        found[pk] = balance
        balance -= quantity
    return found


def told(scope: Scope, wanted: Wanted) -> Iterator[tuple[Movement, int]]:
    """Every shown movement with the balance after it, latest first, for a file."""
    balance = scope.present()
    shown = (
        set(wanted.of(scope.movements()).values_list("pk", flat=True)) if not wanted.is_everything else None
    )
    rows = scope.movements().select_related("bin__site", "lot", "by").order_by("-pk")
    for row in rows.iterator(chunk_size=2_000):
        if shown is None or row.pk in shown:
            yield row, balance
        balance -= row.quantity


@dataclass(frozen=True, slots=True)
class Picture:
    """Balance over time: points (words, value), and how many movements one point stands for at most."""

    points: list[tuple[str, int]]
    each: int = 1


def picture(scope: Scope) -> Picture:
    """The balance of a scope over time. Two queries, whatever the length of the history.

    Up to CHART_POINTS movements each is a point. Of more, points lie at equal distances of time and say what lay there
    at that moment, to within the movements of one of CHART_STEPS steps. In the whole house picks and transfers are
    left out: they are two movements each, and between them nothing was missing.
    """
    rows = scope.movements().order_by()
    if scope.is_house:
        rows = rows.exclude(kind__in=(PICKED, TRANSFER))
    span = rows.aggregate(first=Min("pk"), last=Max("pk"), n=Count("pk"))
    if not span["n"]:
        return Picture([])
    # What it began with is 0, and a sum of all movements is what lies there: no need to ask for the present.
    if span["n"] <= CHART_POINTS:
        steps = list(rows.order_by("pk").values_list("at", "quantity"))
        return Picture([(_day_and_minute(at), value) for at, value in _summed(steps)])
    width = (span["last"] - span["first"]) // CHART_STEPS + 1
    step = Cast((F("pk") - span["first"]) / width, IntegerField())
    sums = (
        rows.annotate(step=step).values("step").annotate(n=Sum("quantity"), end=Max("at"), many=Count("pk"))
    )
    found = list(sums.order_by("step").values_list("end", "n", "many"))
    ends = _summed([(end, n) for end, n, _many in found])
    return Picture(_at_equal_times(ends), max(many for _end, _n, many in found))


def _summed(steps: list[tuple[dt.datetime, int]]) -> list[tuple[dt.datetime, int]]:
    balance, found = 0, []
    for at, quantity in steps:
        balance += quantity
        found.append((at, balance))
    return found


def _at_equal_times(ends: list[tuple[dt.datetime, int]]) -> list[tuple[str, int]]:
    """What lay there at CHART_POINTS moments between the first and the last step."""
    first, last = min(at for at, _value in ends), max(at for at, _value in ends)
    each = (last - first) / (CHART_POINTS - 1)
    points, place = [], 0
    for number in range(CHART_POINTS):
        moment = last if number == CHART_POINTS - 1 else first + number * each
        while place + 1 < len(ends) and ends[place + 1][0] <= moment:
            place += 1
        points.append((_day_and_minute(moment), ends[-1][1] if moment == last else ends[place][1]))
    return points


def _day_and_minute(moment: dt.datetime) -> str:
    return short_datetime(moment)
