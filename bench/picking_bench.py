"""What picking costs: planning a morning's open orders, confirming a scan, and many pickers at the same moment."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test import Client

from .figures import Figure

ORDERS = 10_000
SCANS = 300
PICKERS = 16
WARM_UP = 20


def measure() -> dict[str, Figure]:
    """Planning by orders and by zone, scans one by one as action and as request, a crowd of pickers."""
    from .open_orders import fill

    site = fill(ORDERS)
    by_zone = _planning(site, "zone", keep=False)
    by_orders = _planning(site, "batch", keep=True)
    return {
        **_named("picking.plan_10000_orders", by_orders),
        **_named("picking.plan_10000_orders_by_zone", by_zone),
        **_scanning(),
        **_crowd(),
    }


def _named(name: str, measured: tuple[float, int, int]) -> dict[str, Figure]:
    seconds, queries, walks = measured
    return {
        f"{name}_seconds": Figure(round(seconds, 2), "s", at_most=5),
        f"{name}_queries": Figure(queries, "queries", at_most=300),
        f"{name}_walks": Figure(walks, "walks"),
    }


def _planning(site: Any, kind: str, *, keep: bool) -> tuple[float, int, int]:
    """Seconds, statements and walks of one planning of everything that is open."""
    from django.db import transaction

    from fulfilment.warehouse.picking import actions

    with transaction.atomic(), counted() as seen:
        began = time.perf_counter()
        batches = actions.plan_batches(wave=actions.Wave(site, kind))
        took = time.perf_counter() - began
        if not keep:
            transaction.set_rollback(True)
    return took, seen(), len(batches)


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """Count statements without keeping their text."""
    times = [0]

    def count(execute: Any, *call: Any) -> Any:
        times[0] += 1
        return execute(*call)

    with connection.execute_wrapper(count):
        yield lambda: times[0]


def _scanning() -> dict[str, Figure]:
    """Each scan of whole walks: as the action, then as the phone's request with the walk in its answer."""
    from fulfilment.warehouse.picking import actions
    from fulfilment.warehouse.picking.models import Batch, PickLine
    from tests.factories.people import make_staff

    person = make_staff("bench@example.org", "picking.pick_orders")
    phone = Client()
    phone.force_login(person)
    times: dict[str, list[float]] = {"action": [], "request": []}
    most = {"action": 0, "request": 0}
    for batch in Batch.objects.order_by("pk")[:20]:
        actions.start_batch(batch=batch, by=person)
        for n, line in enumerate(PickLine.objects.filter(batch=batch).select_related("order_line", "bin")):
            way = ("action", "request")[n % 2]
            with counted() as seen:
                began = time.perf_counter()
                _scan(way, phone, batch, line, person)
                times[way].append((time.perf_counter() - began) * 1000)
            most[way] = max(most[way], seen())
    return {
        "picking.confirm_scan_queries": Figure(most["action"], "queries", at_most=12),
        "picking.confirm_scan_p95_ms": Figure(_p95(times["action"]), "ms", at_most=60),
        "picking.scan_request_queries": Figure(most["request"], "queries", at_most=12),
        "picking.scan_request_p95_ms": Figure(_p95(times["request"]), "ms", at_most=60),
    }


def _scan(way: str, phone: Client, batch: Any, line: Any, person: Any) -> None:
    from fulfilment.warehouse.picking import actions

    if way == "action":
        one = actions.Scan(uuid.uuid4(), "pick", line.pk, line.order_line.partner_sku, 1, bin=line.bin.code)
        assert actions.take_scans(walk=batch, scans=[one], by=person)[0].accepted
        return
    scan = {
        "id": str(uuid.uuid4()), "line": line.pk, "kind": "pick", "code": line.order_line.partner_sku,
        "quantity": 1, "bin": line.bin.code,
    }  # fmt: skip
    body = json.dumps({"walk": f"batch:{batch.pk}", "scans": [scan]})
    answer = phone.post("/dashboard/warehouse/scans/", body, content_type="application/json", follow=False)
    assert answer.json()["answers"][0]["outcome"] == "accepted", answer.content


def _p95(times: list[float]) -> float:
    ordered = sorted(times[WARM_UP:])
    return round(ordered[int(len(ordered) * 0.95)], 1)


def _crowd() -> dict[str, Figure]:
    """PICKERS people on a PostgreSQL of their own; no figure where there is none."""
    from .run import measure as in_a_process

    try:
        return in_a_process("pickers_at_once", "postgres")
    except Exception as error:  # whatever a machine without PostgreSQL says
        print(f"  pickers at once are not measured: {error}", file=sys.stderr)
        return {}
