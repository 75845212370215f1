"""What a phone of a picker sends."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.test import Client
from django.urls import reverse

from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickLine, PickList
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Outbox

PERMISSION = "picking.pick_orders"


def url(name: str, *args: object) -> str:
    return reverse(f"warehouse:{name}", args=args)


def started(outbox: Outbox, by: User, pieces: int = 3, **stock: Any) -> PickList:
    record = make_stockrecord(**({"bins": {"A-01": 9}, "gtin": "4006381333931"} | stock))
    order = make_order((record, pieces))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    actions.start(pick_list=pick_list, by=by)
    return pick_list


def one_scan(line: PickLine, /, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "line": line.pk,
        "kind": "pick",
        "code": "SKU-1",
        "quantity": 1,
        "bin": "A-01",
        "at": "2026-11-25T12:00:00+01:00",
    } | fields


def send(client: Client, walk: str, *scans: Any, **also: Any) -> Any:
    body = json.dumps({"walk": walk, "scans": list(scans)} | also)
    return client.post(url("scans"), body, content_type="application/json")
