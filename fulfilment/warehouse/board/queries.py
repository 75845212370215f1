"""What the board shows, in a constant number of SQL queries however many orders wait."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncHour
from django.utils import timezone

from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch.models import SENT, Parcel
from fulfilment.warehouse.dispatch.queries import pieces_waiting
from fulfilment.warehouse.picking.models import URGENT, PickLine, PickList
from fulfilment.warehouse.picking.queries import IN_WORK
from fulfilment.warehouse.stock.models import PICKED, Movement
from shop.kernel.clock import now, today

LATE_SHOWN = 12  #: orders named on the board; the list has them all


@dataclass(frozen=True, slots=True)
class Figures:
    """How many orders (parcels from ``packed`` on) stand at each step."""

    to_pick: int
    urgent: int
    picking: int
    to_pack: int
    waiting_for_answer: int
    late: int
    short: int
    packed: int
    left_today: int
    lost: int
    on_hold: int


@dataclass(frozen=True, slots=True)
class Person:
    """What one person picked today. ``by_hour``: pieces per hour of ``Pace.hours``; ``per_hour``: pieces per hour in
    which they picked at all."""

    name: str
    by_hour: tuple[int, ...]
    pieces: int
    per_hour: int
    is_me: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """Today hour by hour, in the shop's time zone."""

    hours: tuple[int, ...]
    orders: tuple[int, ...]
    pieces: tuple[int, ...]
    people: tuple[Person, ...]


def start_of_today() -> dt.datetime:
    """Midnight of today in the shop's time zone."""
    return timezone.make_aware(dt.datetime.combine(today(), dt.time()))


def figures(site_id: int | None = None) -> Figures:
    """The numbers on top, of one site or of all. Four queries."""
    lists = _at(_with_work(), "site", site_id)
    waits = Q(waits_for_answer=True)
    counted = lists.aggregate(
        to_pick=Count("pk", filter=Q(state="open")),
        urgent=Count("pk", filter=Q(state="open", priority__gte=URGENT)),
        picking=Count("pk", filter=Q(state="picking")),
        to_pack=Count("pk", filter=Q(state="picked") & ~waits),
        waiting_for_answer=Count("pk", filter=waits),
        late=Count("pk", filter=Q(due_at__lt=now())),
        on_hold=Count("pk", filter=Q(order__on_hold=True)),
    )
    parcels = _at(Parcel.objects.filter(kind=SENT), "pick_list__site", site_id).aggregate(
        packed=Count("pk", filter=Q(state="packed")),
        late=Count("pk", filter=Q(state="packed", pick_list__due_at__lt=now())),
        lost=Count("pk", filter=Q(state="lost", loss_closed_as="")),
        left_today=Count("pk", filter=Q(dispatched_at__gte=start_of_today())),
    )
    counted["late"] += parcels.pop("late")
    return Figures(short=short(site_id).count(), **counted, **parcels)


def _with_work() -> QuerySet[PickList]:
    """Lists on which something is left to do: a picked one whose goods are packed, or of which nothing was found and
    nothing is wanted, has nothing left on it."""
    left = ~Q(state="picked") | Q(waits_for_answer=True) | Q(waiting__gt=0)
    return PickList.objects.alias(waiting=pieces_waiting()).filter(left, state__in=IN_WORK)


def short(site_id: int | None = None) -> QuerySet[Order]:
    """Orders of which pieces are neither picked nor planned anywhere: they wait for goods or for an answer."""
    lines = PickLine.objects.filter(order_line=OuterRef("pk"), put_back=False).order_by().values("order_line")
    taken = lines.annotate(n=Sum("quantity_picked")).values("n")
    planned = lines.filter(state="open").annotate(n=Sum(F("quantity") - F("quantity_picked"))).values("n")
    lists = _at(PickList.objects.exclude(state="cancelled"), "site", site_id)
    missing = (
        Line.objects.filter(order__status__in=("confirmed", "in_fulfilment"), order__in=lists.values("order"))
        .annotate(covered=Coalesce(Subquery(taken), 0) + Coalesce(Subquery(planned), 0))
        .filter(quantity__gt=F("quantity_cancelled") + F("covered"))
    )
    return Order.objects.filter(pk__in=missing.values("order"))


def late(site_id: int | None = None) -> list[PickList]:
    """The lists that miss their carrier, longest overdue first; a packed one whose parcel has not left counts.
    One query."""
    waiting = Q(pk__in=_with_work().values("pk")) | Q(parcels__state="packed", parcels__kind=SENT)
    rows = _at(PickList.objects.filter(waiting, due_at__lt=now()), "site", site_id)
    return list(
        rows.select_related("order", "site", "picker").distinct().order_by("due_at", "pk")[:LATE_SHOWN]
    )


def pace(*, me: Any, everybody: bool, site_id: int | None = None) -> Pace:
    """Picked pieces per hour and person of today, and the orders that came. Two queries.

    ``everybody``: name all people; else only ``me``, and the sum of all.
    """
    since = start_of_today()
    moved = _at(Movement.objects.filter(kind=PICKED, quantity__gt=0, at__gte=since), "bin__site", site_id)
    rows = list(
        moved.annotate(hour=TruncHour("at"))
        .order_by()
        .values("hour", "by", "by__first_name", "by__last_name", "by__email")
        .annotate(n=Sum("quantity"))
    )
    orders: dict[int, int] = {}
    came = Order.objects.filter(pick_lists__created_at__gte=since)
    for row in (
        _at(came, "pick_lists__site", site_id)
        .annotate(hour=TruncHour("pick_lists__created_at"))
        .order_by()
        .values("hour")
        .annotate(n=Count("pk", distinct=True))
    ):
        orders[_hour(row["hour"])] = row["n"]
    return _pace(rows, orders, me=me, everybody=everybody)


def _pace(rows: list[dict[str, Any]], orders: dict[int, int], *, me: Any, everybody: bool) -> Pace:
    per_person: dict[Any, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    names: dict[Any, str] = {}
    for row in rows:
        per_person[row["by"]][_hour(row["hour"])] += row["n"]
        names[row["by"]] = f"{row['by__first_name'] or ''} {row['by__last_name'] or ''}".strip()
        names[row["by"]] = names[row["by"]] or row["by__email"] or "–"
    seen = sorted({hour for hours in per_person.values() for hour in hours} | set(orders))
    hours = tuple(range(seen[0], seen[-1] + 1)) if seen else ()
    people = [
        Person(
            name=names[pk],
            by_hour=tuple(pieces.get(hour, 0) for hour in hours),
            pieces=sum(pieces.values()),
            per_hour=round(sum(pieces.values()) / len(pieces)),
            is_me=pk == getattr(me, "pk", None),
        )
        for pk, pieces in per_person.items()
    ]
    return Pace(
        hours=hours,
        orders=tuple(orders.get(hour, 0) for hour in hours),
        pieces=tuple(sum(person.by_hour[n] for person in people) for n in range(len(hours))),
        people=tuple(
            sorted(
                (person for person in people if everybody or person.is_me),
                key=lambda person: (-person.per_hour, person.name),
            )
        ),
    )


def _hour(moment: dt.datetime) -> int:
    return timezone.localtime(moment).hour


def _at(rows: Any, field: str, site_id: int | None) -> Any:
    return rows if site_id is None else rows.filter(**{field: site_id})
