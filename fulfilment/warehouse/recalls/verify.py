"""Invariants of recalls, for ``manage.py verify``."""

from __future__ import annotations

from fulfilment.warehouse.stock.models import PICKABLE, LotStock

from .models import RecalledLot


def nothing_recalled_can_be_picked() -> list[str]:
    """While a recall runs, no piece of its lots lies in a bin that people pick from."""
    running = RecalledLot.objects.filter(recall__state="started").values_list("lot", "recall__number")
    numbers = dict(running)
    rows = LotStock.objects.filter(lot__in=numbers, quantity__gt=0, bin__kind__in=PICKABLE)
    return [
        f"recall {numbers[row.lot_id]}: {row.quantity} pieces of lot {row.lot.code} lie in bin {row.bin.code}"
        for row in rows.select_related("lot", "bin").order_by("pk")
    ]


CHECKS = [("recalled lots lie where nobody picks", nothing_recalled_can_be_picked)]
