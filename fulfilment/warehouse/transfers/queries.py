"""Reads of transfers that more than one caller needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce

from fulfilment.warehouse.picking.models import PickLine
from fulfilment.warehouse.stock.models import PACKING, RECALL_WORD, BinStock, Lot, LotStock

from .models import Transfer, TransferLine, TransferStep


def transfers() -> QuerySet[Transfer]:
    """Transfers with sites and person; ``pieces`` sent, ``arrived``, ``open`` and ``difference``. One query."""
    settled = F("lines__quantity_received") + F("lines__quantity_missing") + F("lines__quantity_back")
    return Transfer.objects.select_related("source", "target", "created_by").annotate(
        pieces=Coalesce(Sum("lines__quantity"), 0),
        arrived=Coalesce(Sum("lines__quantity_received"), 0) + Coalesce(Sum("lines__quantity_surplus"), 0),
        open=Coalesce(Sum(F("lines__quantity") - settled), 0),
        difference=Coalesce(Sum(F("lines__quantity_surplus") - F("lines__quantity_missing")), 0),
    )


def on_their_way() -> int:
    """Transfers that wait to be received."""
    return Transfer.objects.filter(state="dispatched").count()


def lines_of(transfer_id: int) -> QuerySet[TransferLine]:
    """Lines with article, bin and lot, in walking order. One query."""
    return TransferLine.objects.filter(transfer_id=transfer_id).select_related(
        "stockrecord__product__parent", "stockrecord__product__colour", "bin", "lot"
    )


def steps_of(transfer_id: int) -> QuerySet[TransferStep]:
    """What was done, latest first. One query."""
    steps = TransferStep.objects.filter(transfer_id=transfer_id)
    return steps.select_related("stockrecord", "bin", "by").order_by("-pk")


@dataclass(frozen=True, slots=True)
class Ready:
    """A line of a draft, and how many of its pieces can leave now."""

    line: TransferLine
    free: int

    @property
    def is_short(self) -> bool:
        """Whether the bin holds fewer free pieces than are listed."""
        return self.free < self.line.quantity


def readiness(lines: list[TransferLine]) -> list[Ready]:
    """What would happen at dispatch, line by line. Three queries whatever the number of lines."""
    records, bins = {line.stockrecord_id for line in lines}, {line.bin_id for line in lines}
    lying: dict[tuple[Any, ...], int] = {
        (record, bin, None): n
        for record, bin, n in BinStock.objects.filter(stockrecord__in=records, bin__in=bins).values_list(
            "stockrecord_id", "bin_id", "quantity"
        )
    }
    by_lot = LotStock.objects.filter(lot__in={line.lot_id for line in lines if line.lot_id}, bin__in=bins)
    for record, bin, lot, n in by_lot.values_list("lot__stockrecord_id", "bin_id", "lot_id", "quantity"):
        lying[record, bin, lot] = n
    wanted: dict[tuple[Any, ...], int] = {}
    planned = PickLine.objects.filter(state="open", stockrecord__in=records, bin__in=bins).order_by()
    for record, bin, lot, n in planned.values_list("stockrecord_id", "bin_id", "lot_id").annotate(
        n=Sum(F("quantity") - F("quantity_picked"))
    ):
        for place in {(record, bin, lot), (record, bin, None)}:
            wanted[place] = wanted.get(place, 0) + n
    return [
        Ready(line, max(0, lying.get(place, 0) - wanted.get(place, 0)))
        for line in lines
        for place in [(line.stockrecord_id, line.bin_id, line.lot_id)]
    ]


def with_differences(rows: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Only transfers of which something was missing or too many."""
    off = TransferStep.objects.filter(transfer=OuterRef("pk"), kind__in=("missing", "surplus"))
    return rows.filter(Exists(off))


def held_back(lot: Lot, site_id: int) -> QuerySet[LotStock]:
    """Pieces of a recalled lot at a site that are promised to customers, where nobody picks. One query."""
    place = {"bin__site": site_id, "bin__kind": PACKING, "bin__code__startswith": RECALL_WORD}
    return LotStock.objects.filter(lot=lot, quantity__gt=0, **place).select_related("bin")
