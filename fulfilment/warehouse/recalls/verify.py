"""Invariants of recalls, for ``manage.py verify``."""

from __future__ import annotations

from fulfilment.warehouse.stock.models import TRANSIT, Lot, LotStock

from .models import RecalledLot


def nothing_recalled_is_for_sale() -> list[str]:
    """No piece of a recalled lot lies in a bin that is sold or picked from. What is on its way to another site may: its
    transfer knows it, and it arrives in quarantine."""
    rows = LotStock.objects.filter(quantity__gt=0).exclude(lot__recall_number="").exclude(bin__kind=TRANSIT)
    return [
        f"recall {row.lot.recall_number}: {row.quantity} pieces of lot {row.lot.code} lie in bin {row.bin.code}"
        for row in rows.select_related("lot", "bin").order_by("pk")
        if not row.bin.holds_recalled
    ]


def lots_know_their_recall() -> list[str]:
    """A lot is kept off sale exactly while a recall of it was started and not lifted, and names one of those."""
    rows = RecalledLot.objects.filter(recall__state__in=("started", "closed")).exclude(
        recall__started_at=None
    )
    numbers: dict[int, set[str]] = {}
    for lot, number in rows.values_list("lot", "recall__number"):
        numbers.setdefault(lot, set()).add(number)
    lots = Lot.objects.filter(pk__in=numbers) | Lot.objects.exclude(recall_number="")
    return [
        f"lot {lot.code} says it is recalled by {lot.recall_number or 'nobody'}; "
        f"recalls of it: {', '.join(sorted(numbers.get(lot.pk, set()))) or 'none'}"
        for lot in lots.order_by("pk")
        if lot.recall_number not in numbers.get(lot.pk, {""})
    ]


CHECKS = [
    ("recalled lots lie where nobody sells or picks", nothing_recalled_is_for_sale),
    ("lots know their recall", lots_know_their_recall),
]
