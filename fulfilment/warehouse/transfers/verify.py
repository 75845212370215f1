"""Invariants of transfers, for ``manage.py verify``."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, Sum

from fulfilment.warehouse.stock.models import TRANSIT, BinStock

from .models import ADDED, TAKEN_OFF, Transfer, TransferLine, TransferStep

#: Step kinds and the figure of the line that adds them up.
FIGURES = {
    "arrived": "quantity_received",
    "surplus": "quantity_surplus",
    "missing": "quantity_missing",
    "went_back": "quantity_back",
}


def what_is_on_its_way_lies_in_transit() -> list[str]:
    """Per site and SKU: open pieces of dispatched transfers = pieces in the transit bin."""
    way: dict[tuple[Any, Any], int] = {}
    lines = TransferLine.objects.filter(transfer__state="dispatched").select_related("transfer")
    for line in lines.iterator(chunk_size=2_000):
        key = (line.transfer.target_id, line.stockrecord_id)
        way[key] = way.get(key, 0) + line.quantity_open
    lying = {
        (site, record): n
        for site, record, n in BinStock.objects.filter(bin__kind=TRANSIT, quantity__gt=0)
        .values_list("bin__site_id", "stockrecord_id")
        .annotate(n=Sum("quantity"))
    }
    return [
        f"site {site}, stock record {record}: {way.get((site, record), 0)} on their way, "
        f"{lying.get((site, record), 0)} in transit"
        for site, record in sorted(way.keys() | lying.keys())
        if way.get((site, record), 0) != lying.get((site, record), 0)
    ]


def closed_transfers_have_nothing_open() -> list[str]:
    """Once received or cancelled, every piece of a dispatched transfer is accounted for."""
    lines = TransferLine.objects.filter(transfer__state__in=("received", "cancelled")).exclude(
        transfer__dispatched_at=None
    )
    return [
        f"transfer {line.transfer.number}, stock record {line.stockrecord_id}: {line.quantity_open} pieces are nowhere"
        for line in lines.select_related("transfer")
        if line.quantity_open
    ]


def lines_are_the_sum_of_their_steps() -> list[str]:
    """What a transfer's lines say arrived, was missing, too many or went back = what its steps say."""
    steps: dict[tuple[int, str], int] = {
        (transfer, kind): n
        for transfer, kind, n in TransferStep.objects.exclude(kind__in=(ADDED, TAKEN_OFF))
        .order_by()
        .values_list("transfer_id", "kind")
        .annotate(n=Sum("quantity"))
    }
    sums = {name: Sum(f"lines__{name}") for name in FIGURES.values()}
    wrong = []
    for row in Transfer.objects.filter(~Q(state="draft")).annotate(
        **{f"sum_{k}": v for k, v in sums.items()}
    ):
        for kind, name in FIGURES.items():
            said, done = getattr(row, f"sum_{name}") or 0, steps.get((row.pk, kind), 0)
            if said != done:
                wrong.append(f"transfer {row.number}: lines say {said} {kind}, steps say {done}")
    return wrong


CHECKS = [
    ("what is on its way lies in transit", what_is_on_its_way_lies_in_transit),
    ("closed transfers have nothing open", closed_transfers_have_nothing_open),
    ("a transfer's lines are the sum of its steps", lines_are_the_sum_of_their_steps),
]
