"""A walk as the phone needs it: every stop in walking order with all that is shown or checked without network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse

from fulfilment.warehouse.stock.models import NO_TRACKING, Barcode, Handling
from shop.kernel.clock import now

from .models import SINGLE, Batch, PickLine, PickList, ScanRecord
from .queries import boxes_of, lines_of, lines_of_batch, pictures_of


def walk_of(walk: PickList | Batch, by: Any) -> dict[str, Any]:
    """The walk of a list or a batch, ready for JSON. A constant number of queries, five besides the walk's own row."""
    if isinstance(walk, Batch):
        return _batch_walk(walk, by)
    return _list_walk(walk, by)


def _list_walk(pick_list: PickList, by: Any) -> dict[str, Any]:
    box = _box(1, pick_list)
    return {
        "walk": f"list:{pick_list.pk}",
        "title": pick_list.order.number,
        "kind": SINGLE,
        **_head(pick_list, by),
        "packing_place": pick_list.packing_place.code,
        "finish_url": reverse("warehouse:finish", args=[pick_list.pk]),
        "page_url": reverse("warehouse:pick-list", args=[pick_list.pk]),
        "boxes": [box],
        "stops": _stops([] if pick_list.state == "cancelled" else lines_of(pick_list.pk), {pick_list.pk: 1}),
    }


def _batch_walk(batch: Batch, by: Any) -> dict[str, Any]:
    boxes = boxes_of(batch.pk)
    numbers = {box.pick_list_id: box.box for box in boxes}
    return {
        "walk": f"batch:{batch.pk}",
        "title": batch.number,
        "kind": batch.kind,
        **_head(batch, by),
        "packing_place": boxes[0].pick_list.packing_place.code if boxes else "",
        "finish_url": reverse("warehouse:batch-finish", args=[batch.pk]),
        "page_url": reverse("warehouse:batch", args=[batch.pk]),
        "boxes": [_box(box.box, box.pick_list) for box in boxes],
        "stops": _stops(lines_of_batch(batch.pk), numbers),
    }


def _head(walk: PickList | Batch, by: Any) -> dict[str, Any]:
    return {
        "state": walk.state,
        "mine": walk.state == "picking" and walk.picker_id == by.pk,
        "person": {"id": by.pk, "name": by.name},
        "scans_url": reverse("warehouse:scans"),
        "fetched_at": now().isoformat(),
    }


def _box(number: int, pick_list: PickList) -> dict[str, Any]:
    cancelled = pick_list.state == "cancelled" or pick_list.order.status == "cancelled"
    return {
        "box": number,
        "order": pick_list.order.number,
        "urgent": pick_list.is_urgent,
        "on_hold": pick_list.order.on_hold,
        "cancelled": cancelled,
        "put_back": cancelled and pick_list.put_back_at is None,
    }


def _stops(lines: Sequence[PickLine], boxes: dict[int, int]) -> list[dict[str, Any]]:
    """The stops of these lines; what no bin holds is none."""
    lines = [line for line in lines if line.bin_id is not None]
    pictures = pictures_of(line.order_line.product for line in lines)
    packs = _codes(line.stockrecord_id for line in lines)
    done = _done(lines)
    return [
        {
            "line": line.pk,
            "box": boxes.get(line.pick_list_id),
            "order": line.pick_list.order.number,
            **_place(line),
            "sku": line.order_line.partner_sku,
            "title": line.order_line.title,
            "picture": pictures.get(line.order_line.product_id or 0, ""),
            "codes": _own_codes(line, packs.get(line.stockrecord_id or 0, [])),
            "packs": [
                {"code": code.code, "pieces": code.pieces, "name": code.name}
                for code in packs.get(line.stockrecord_id or 0, [])
                if code.pieces > 1
            ],
            "quantity": line.quantity,
            "picked": line.quantity_picked,
            "open": line.quantity_open,
            "state": line.state,
            **_traced(line),
            **done.get(line.pk, {"done_by": "", "done_at": None}),
        }
        for line in lines
    ]


def _place(line: PickLine) -> dict[str, Any]:
    zone = line.bin.zone if line.bin else None
    return {
        "bin": line.bin.code if line.bin else "",
        "zone": zone.code if zone else "",
        "position": line.bin.sequence if line.bin else 0,
    }


def _own_codes(line: PickLine, barcodes: Iterable[Barcode]) -> list[str]:
    """Codes of which one scan is one piece."""
    own = [
        line.order_line.partner_sku,
        line.order_line.upc or "",
        *(b.code for b in barcodes if b.pieces == 1),
    ]
    return [code for code in dict.fromkeys(own) if code]


def _traced(line: PickLine) -> dict[str, Any]:
    handling = getattr(line.stockrecord, "handling", None)
    lot = line.lot
    return {
        "tracking": handling.tracking if isinstance(handling, Handling) else NO_TRACKING,
        "lot": lot.code if lot else None,
        "best_before": lot.best_before.isoformat() if lot and lot.best_before else None,
    }


def _codes(stockrecords: Iterable[int | None]) -> dict[int, list[Barcode]]:
    found: dict[int, list[Barcode]] = defaultdict(list)
    for code in Barcode.objects.filter(stockrecord__in={pk for pk in stockrecords if pk}):
        found[code.stockrecord_id].append(code)
    return found


def _done(lines: Sequence[PickLine]) -> dict[int, dict[str, Any]]:
    """Who scanned a line last, and when."""
    begun = [line.pk for line in lines if line.quantity_picked or line.state != "open"]
    if not begun:
        return {}
    rows = ScanRecord.objects.filter(line__in=begun, accepted=True).select_related("by").order_by("pk")
    return {
        row.line_id: {"done_by": row.by.name if row.by else "", "done_at": row.received_at.isoformat()}
        for row in rows
        if row.line_id is not None
    }
