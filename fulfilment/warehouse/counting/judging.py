"""What the books said when a count was closed, and whether the count is believed."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_noop

from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin, BinStock, Lot, LotStock, Movement
from fulfilment.warehouse.stock.queries import set_aside_in

from .models import CountLine, CountPolicy, CountTask

ASIDE = "missing:"  #: how the causes of set-aside movements begin


def policy() -> CountPolicy:
    """The one row of settings; made at its first use."""
    return CountPolicy.objects.get_or_create(pk=1)[0]


def last_movement(bin: Bin | None = None, stockrecord_id: int | None = None) -> int:
    """Id of the last movement, of everything or of one SKU in one bin; 0 when there is none.

    Pieces set aside because a picker did not find them never lay before the counter's eyes: they do not count here.
    """
    rows = Movement.objects.exclude(cause__startswith=ASIDE)
    if bin is not None:
        rows = rows.filter(bin=bin, stockrecord_id=stockrecord_id)
    return rows.aggregate(last=Max("pk"))["last"] or 0


def on_the_books(*, stockrecord_id: int, bin_id: int, lot: Lot | None = None) -> int:
    """Pieces (of a lot) that should lie in the bin, those set aside as missing among them; held until the transaction
    ends."""
    # Raising by nothing holds the row, also where there is none yet (PostgreSQL; on SQLite writers queue anyway).
    stock.put_in(stockrecord_id=stockrecord_id, bin_id=bin_id, quantity=0)
    if lot is None:
        rows: Any = BinStock.objects.filter(stockrecord_id=stockrecord_id, bin_id=bin_id)
    else:
        rows = LotStock.objects.filter(lot=lot, bin_id=bin_id)
    lying = rows.values_list("quantity", flat=True).first() or 0
    return int(lying) + set_aside_in(bin_id).get((stockrecord_id, lot.pk if lot else None), 0)


def believed(rules: CountPolicy, *, expected: int, difference: int) -> bool:
    """Whether a difference in pieces is believed after one count: within the pieces, or within the share."""
    off = abs(difference)
    return off <= rules.tolerance_pieces or off * 100 <= rules.tolerance_percent * expected


def add_uncounted(task: CountTask) -> None:
    """What should lie there (of the one article, where the count is about one) and was not scanned gets a line, which
    counts 0."""
    there = set(task.lines.values_list("stockrecord_id", "lot_id"))
    lots = LotStock.objects.filter(bin=task.bin, quantity__gt=0).values_list("lot__stockrecord_id", "lot_id")
    wanted: set[tuple[int, int | None]] = set(lots)
    tracked = {record for record, _lot in wanted}
    whole = BinStock.objects.filter(bin=task.bin, quantity__gt=0).exclude(stockrecord__in=tracked)
    wanted |= {(record, None) for record in whole.values_list("stockrecord_id", flat=True)}
    wanted |= set(set_aside_in(task.bin_id))
    if task.stockrecord_id is not None:
        wanted = {row for row in wanted if row[0] == task.stockrecord_id}
    CountLine.objects.bulk_create(
        [
            CountLine(task=task, stockrecord_id=record, lot_id=lot)
            for record, lot in sorted(wanted - there, key=str)
        ]
    )


def close_line(line: CountLine, task: CountTask, rules: CountPolicy) -> None:
    """Freeze what the books say, and decide: believed, to be counted again, or void because somebody moved goods.

    Part of a caller's transaction; holds the SKU's row of the bin until its end.
    """
    second = task.in_second_round
    counted = (line.second if second else line.first) or 0
    line.expected = on_the_books(stockrecord_id=line.stockrecord_id, bin_id=task.bin_id, lot=line.lot)
    line.frozen = last_movement(task.bin, line.stockrecord_id)
    line.unit_cost_minor = line.stockrecord.unit_cost_minor
    line.void_why = ""
    if line.frozen > task.seen:
        counts: dict[str, Any] = {"second": None} if second else {"first": None}
        line.recount, line.void_why = True, gettext_noop("Somebody changed this bin during the count.")
    elif believed(rules, expected=line.expected, difference=counted - line.expected):
        counts = {"second": counted} if second else {"first": counted}
        line.recount = False
    elif second and line.first is not None:
        counts, line.recount = {"second": counted}, False  # counted twice: this is how it is
    else:
        # The first count that stands (an earlier one may have been void) needs a second one.
        counts, line.recount = {"first": counted, "second": None}, True
    for name, value in counts.items():
        setattr(line, name, value)
    line.save()
