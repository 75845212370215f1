"""Sixteen pickers at the same moment, each on a walk of their own, all at the same few bins; for PostgreSQL.

Run by ``picking_bench``. Each scan is sent twice, as phones do that did not hear the first answer.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from django.db.models import Sum

from .figures import Figure

PICKERS = 16
ORDERS_EACH = 6


def measure() -> dict[str, Figure]:
    """Scans per second of the whole crowd, and how many picks were lost or doubled."""
    from fulfilment.warehouse.picking import actions
    from fulfilment.warehouse.picking.models import Batch, PickLine, ScanRecord
    from fulfilment.warehouse.stock.models import Movement
    from fulfilment.warehouse.stock.queries import stock_differences
    from tests.factories.people import make_staff
    from tests.races.crowd import all_at_once

    from .open_orders import fill

    site = fill(PICKERS * ORDERS_EACH)
    actions.plan_batches(wave=actions.Wave(site, "batch", boxes=ORDERS_EACH))
    batches = list(Batch.objects.order_by("pk"))
    people = [make_staff(f"picker{n}@example.org") for n in range(len(batches))]
    for batch, person in zip(batches, people, strict=True):
        actions.start_batch(batch=batch, by=person)
    began = time.perf_counter()
    answers = all_at_once([lambda b=b, p=p: _walk(b, p) for b, p in zip(batches, people, strict=True)])
    took = time.perf_counter() - began
    wanted = PickLine.objects.aggregate(n=Sum("quantity"))["n"]
    picked = PickLine.objects.aggregate(n=Sum("quantity_picked"))["n"]
    moved = Movement.objects.filter(kind="pick", quantity__gt=0).aggregate(n=Sum("quantity"))["n"]
    wrong = abs(wanted - picked) + abs(moved - picked) + abs(ScanRecord.objects.count() - picked)
    wrong += len(stock_differences()) + sum(isinstance(answer, Exception) for answer in answers)
    return {
        "picking.pickers_at_once": Figure(len(batches), "people", at_least=PICKERS),
        "picking.pickers_at_once_scans_per_second": Figure(round(picked / took, 1), "scans/s"),
        "picking.pickers_at_once_lost_or_doubled": Figure(wrong, "picks", at_most=0),
    }


def _walk(batch: Any, person: Any) -> int:
    from fulfilment.warehouse.picking import actions, queries

    for line in queries.lines_of_batch(batch.pk):
        one = actions.Scan(uuid.uuid4(), "pick", line.pk, line.order_line.partner_sku, 1, bin=str(line.bin))
        for _twice in range(2):
            (answer,) = actions.take_scans(walk=batch, scans=[one], by=person)
            assert answer.accepted, answer.text
    actions.finish_batch(batch=batch, by=person)
    return batch.boxes.count()
