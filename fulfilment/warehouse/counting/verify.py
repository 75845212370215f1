"""Invariants of counting, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from fulfilment.warehouse.stock.models import COUNT, Movement

from .models import CountLine, CountScan, CountTask
from .queries import rounds_ended

#: What counts: the second count where there is one.
COUNTED = Coalesce(F("second"), F("first"), 0)


def booked_differences_are_movements() -> list[str]:
    """Per booked count: the differences of its lines = the movements that name it as their cause."""
    said = dict(
        CountLine.objects.filter(task__state="booked")
        .exclude(expected=None)
        .annotate(n=COUNTED - F("expected"))
        .values("task__number")
        .annotate(total=Sum("n"))
        .values_list("task__number", "total")
    )
    moved = {
        cause.removeprefix("count:"): n
        for cause, n in Movement.objects.filter(kind=COUNT, cause__startswith="count:")
        .order_by()
        .values("cause")
        .annotate(n=Sum("quantity"))
        .values_list("cause", "n")
    }
    return [
        f"count {number}: differences add up to {said.get(number, 0)}, movements to {moved.get(number, 0)}"
        for number in sorted(said.keys() | moved.keys())
        if said.get(number, 0) != moved.get(number, 0)
    ]


def nobody_approved_what_they_counted() -> list[str]:
    """The approver of a count counted no round of it, not even one that was set aside."""
    scanned = CountScan.objects.filter(task=OuterRef("pk"), by=OuterRef("approver"))
    ended = rounds_ended().filter(thing_id=OuterRef("pk"), by=OuterRef("approver"))
    named = Q(approver=F("counter")) | Q(approver=F("recounter"))
    own = CountTask.objects.filter(named | Exists(scanned) | Exists(ended), approver__isnull=False)
    return [
        f"count {number} was approved by who counted it" for number in own.values_list("number", flat=True)
    ]


CHECKS = [
    ("booked differences of counts are movements", booked_differences_are_movements),
    ("nobody approved what they counted", nobody_approved_what_they_counted),
]
