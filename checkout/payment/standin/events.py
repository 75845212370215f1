"""Events: what happened, to be asked for when a webhook was missed."""

from __future__ import annotations

from . import params as read
from .listing import PAGING, page
from .store import Body
from .world import Call


def retrieve(call: Call, ident: str) -> Body:
    """GET /v1/events/{id}"""
    return call.world.need("event", ident, param="id")


def list_all(call: Call) -> Body:
    """GET /v1/events, by type (`*` allowed at the end), types and created"""
    read.only(call.params, (*PAGING, "type", "types"))
    kind, types = read.string(call.params, "type"), read.strings(call.params, "types")
    if kind and kind.endswith(".*"):
        rows = call.world.store.sql(
            "SELECT DISTINCT json_extract(body, '$.type') FROM objects WHERE kind = 'event'"
        )
        types, kind = [row[0] for row in rows if row[0].startswith(kind[:-1])] or ["none"], None
    return page(call, "event", "/v1/events", {"type": kind}, types=types or None)
