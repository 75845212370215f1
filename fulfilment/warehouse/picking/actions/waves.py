"""Plan walks: open pick lists become batches, by cut-off, carrier and priority, with a box per order on each cart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from fulfilment.warehouse.picking.models import BY_ZONE, SINGLE, URGENT, Batch, BatchBox, PickLine, PickList
from fulfilment.warehouse.stock.models import Site, Zone
from shop.kernel.numbers import next_with_gaps
from shop.kernel.transactions import retrying

from .rules import ACTIVE, WANTED, PickError

BOXES_PER_CART = 12
BOXES_MAX = 60
LINES_MAX = 120  #: stops of one walk; a list that has more walks alone


@dataclass(frozen=True, slots=True)
class Wave:
    """What is to be planned. ``until``: only lists whose cut-off is not later; ``zone``: that one only."""

    site: Site
    kind: str
    carrier: str = ""
    until: dt.datetime | None = None
    urgent_only: bool = False
    zone: Zone | None = None
    boxes: int = BOXES_PER_CART
    most_lines: int = LINES_MAX


@dataclass(slots=True)
class Walk:
    """One batch to be: its lists in the order of their boxes, and what they come to."""

    zone_id: int | None
    zone: str = ""
    lists: list[int] = field(default_factory=list)
    lines: int = 0
    pieces: int = 0
    urgent: int = 0
    due_at: dt.datetime | None = None
    carriers: set[str] = field(default_factory=set)

    @property
    def orders(self) -> int:
        """How many boxes the cart will carry."""
        return len(self.lists)


@dataclass(slots=True)
class _Want:
    """What one list (for zones: in one zone) adds to a walk."""

    pick_list: int
    priority: int
    due_at: dt.datetime | None
    carrier: str
    zone_id: int | None
    zone: str
    first_stop: tuple[int, int]
    lines: int = 0
    pieces: int = 0


def candidates(wave: Wave) -> QuerySet[PickLine]:
    """Open lines that the wave would take: of wanted orders not on hold, not yet in a batch, not being picked."""
    lines = PickLine.objects.filter(
        state="open",
        batch=None,
        bin__isnull=False,
        pick_list__site=wave.site,
        pick_list__order__on_hold=False,
        pick_list__order__status__in=WANTED,
    )
    taken = BatchBox.objects.filter(pick_list=OuterRef("pick_list"), batch__state__in=ACTIVE)
    if wave.kind == BY_ZONE:
        # One list may be picked by several people at once, each in a zone of their own.
        in_zones = Q(pick_list__state="picking", pick_list__picker=None)
        lines = lines.filter(Q(pick_list__state="open") | in_zones, bin__zone__isnull=False)
        taken = taken.exclude(batch__kind=BY_ZONE)
        if wave.zone is not None:
            lines = lines.filter(bin__zone=wave.zone)
    else:
        lines = lines.filter(pick_list__state="open")
    if wave.carrier:
        lines = lines.filter(pick_list__carrier=wave.carrier)
    if wave.until is not None:
        lines = lines.filter(pick_list__due_at__lte=wave.until)
    if wave.urgent_only:
        lines = lines.filter(pick_list__priority__gte=URGENT)
    return lines.filter(~Exists(taken))


def preview(wave: Wave) -> list[Walk]:
    """The walks that plan_batches() would make now; nothing is written. One query. PickError for nonsense."""
    _check(wave)
    return list(_walks(wave, _wants(wave)))


def plan_batches(*, wave: Wave, by: Any = None) -> list[Batch]:
    """Make the walks of a wave: urgent orders first, then by cut-off, neighbours on one cart. [] when nothing is open.

    Few statements however many orders there are. Of two people who plan at the same moment the second finds what the
    first has left. PickError for a number of boxes or lines that no cart has.
    """
    _check(wave)
    if not candidates(wave).exists():
        return []
    name = f"W{next_with_gaps('wave')}"
    return retrying(lambda: _plan(wave, name))


def _check(wave: Wave) -> None:
    if wave.kind not in {kind for kind, _label in Batch.KINDS}:
        raise PickError(_("Please choose how to pick."))
    if not 1 <= wave.boxes <= BOXES_MAX or wave.most_lines < 1:
        raise PickError(_("A cart carries 1 to %(most)s boxes.") % {"most": BOXES_MAX})


def _plan(wave: Wave, name: str) -> list[Batch]:
    # Held: a list that is started, cancelled or planned by somebody else at this moment is theirs or waits for us.
    wanted = candidates(wave).values("pick_list")
    lists = PickList.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    held = set(lists.values_list("pk", flat=True))
    walks = list(_walks(wave, [want for want in _wants(wave) if want.pick_list in held]))
    batches = Batch.objects.bulk_create(
        [
            Batch(
                number=f"{name}-{n}" if len(walks) > 1 else name,
                kind=wave.kind,
                site=wave.site,
                zone_id=walk.zone_id,
                carrier=next(iter(walk.carriers)) if len(walk.carriers) == 1 else "",
                due_at=walk.due_at,
            )
            for n, walk in enumerate(walks, start=1)
        ]
    )
    BatchBox.objects.bulk_create(
        [
            BatchBox(batch=batch, pick_list_id=pick_list, box=box)
            for batch, walk in zip(batches, walks, strict=True)
            for box, pick_list in enumerate(walk.lists, start=1)
        ]
    )
    _join(batches)
    return batches


def _join(batches: list[Batch]) -> None:
    """Lines follow their list's box into the batch; of walks by zone those that lie in its zone."""
    for zone_id, group in groupby(batches, key=lambda batch: batch.zone_id):
        ids = [batch.pk for batch in group]
        lines = PickLine.objects.all() if zone_id is None else PickLine.objects.filter(bin__zone=zone_id)
        join_lines(lines, ids[0], ids[-1])


def join_lines(lines: QuerySet[PickLine], first: int, last: int) -> int:
    """Open lines without batch join the one from id ``first`` to ``last`` in which their list has a box.

    Returns how many; one statement. Somebody else's batch may have an id in between, but no box for a list of ours.
    """
    boxes = BatchBox.objects.filter(batch__gte=first, batch__lte=last)
    mine = boxes.filter(pick_list=OuterRef("pick_list")).values("batch")[:1]
    lines = lines.filter(state="open", batch=None, bin__isnull=False)
    return lines.filter(pick_list__in=boxes.values("pick_list")).update(batch=Subquery(mine))


def _wants(wave: Wave) -> list[_Want]:
    """Per list (and zone) what is open. One query."""
    rows = candidates(wave).values_list(
        "pick_list_id",
        "pick_list__priority",
        "pick_list__due_at",
        "pick_list__carrier",
        "bin__zone_id",
        "bin__zone__code",
        "bin__zone__sequence",
        "bin__sequence",
        "quantity",
        "quantity_picked",
    )
    by_zone = wave.kind == BY_ZONE
    wants: dict[tuple[int, int | None], _Want] = {}
    for pk, priority, due_at, carrier, zone_id, zone, turn, sequence, quantity, picked in rows.order_by():
        key = (pk, zone_id if by_zone else None)
        stop = (turn or 0, sequence)
        want = wants.get(key)
        if want is None:
            want = wants[key] = _Want(pk, priority, due_at, carrier, key[1], zone if by_zone else "", stop)
        want.first_stop = min(want.first_stop, stop)
        want.lines += 1
        want.pieces += quantity - picked
    return list(wants.values())


def _walks(wave: Wave, wants: Iterable[_Want]) -> Iterator[Walk]:
    """Fill carts: per zone, urgent first, then by cut-off, then neighbours."""
    far = dt.datetime.max.replace(tzinfo=dt.UTC)

    def turn(want: _Want) -> Any:
        return (
            want.zone,
            want.zone_id or 0,
            -want.priority,
            want.due_at or far,
            want.first_stop,
            want.pick_list,
        )

    boxes = 1 if wave.kind == SINGLE else wave.boxes
    for _zone, group in groupby(sorted(wants, key=turn), key=lambda want: want.zone_id):
        walk: Walk | None = None
        for want in group:
            if walk is None or walk.orders >= boxes or walk.lines + want.lines > wave.most_lines:
                if walk is not None:
                    yield walk
                walk = Walk(want.zone_id, want.zone)
            _add(walk, want)
        if walk is not None:
            yield walk


def _add(walk: Walk, want: _Want) -> None:
    walk.lists.append(want.pick_list)
    walk.lines += want.lines
    walk.pieces += want.pieces
    walk.urgent += want.priority >= URGENT
    walk.carriers.add(want.carrier)
    if want.due_at is not None:
        walk.due_at = min(walk.due_at or want.due_at, want.due_at)
