"""Lists with paging, and `expand`, for every kind of object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import params as read
from .errors import ApiError, bad_param
from .store import COMPARISONS, Body
from .world import Call, World

PAGING = ("limit", "starting_after", "ending_before", "created", "expand")
DEFAULT_LIMIT, MOST = 10, 100
MAX_EXPAND_DEPTH = 4


def page(
    call: Call,
    kind: str,
    url: str,
    equal: Mapping[str, str | None] | None = None,
    *,
    types: list[str] | None = None,
) -> Body:
    """One page of objects of `kind`, newest first, filtered by equal fields; Stripe's list object."""
    params = call.params
    limit = read.integer(params, "limit", DEFAULT_LIMIT)
    if limit is None or not 1 <= limit <= MOST:
        raise bad_param(
            f"This value must be between 1 and {MOST}.", param="limit", code="parameter_invalid_integer"
        )
    after, before = read.string(params, "starting_after"), read.string(params, "ending_before")
    for name, ident in (("starting_after", after), ("ending_before", before)):
        if ident:
            call.world.need(kind, ident, param=name)
    found = call.world.store.find(
        kind,
        limit=limit + 1,
        created=_created(params),
        after=after,
        before=before,
        types=types,
        **(equal or {}),
    )
    more = len(found) > limit
    data = (found[1:] if before else found[:limit]) if more else found
    return {"object": "list", "url": url, "has_more": more, "data": data}


def _created(params: dict[str, Any]) -> dict[str, int] | None:
    given = params.get("created")
    if given in (None, ""):
        return None
    if isinstance(given, str):
        exact = read.integer(params, "created") or 0
        return {"gte": exact, "lte": exact}
    read.only(given, COMPARISONS) if isinstance(given, dict) else None
    bounds = {name: read.integer(given, name) for name in given} if isinstance(given, dict) else {}
    return {name: value for name, value in bounds.items() if value is not None}


def expand(world: World, body: Any, paths: list[str]) -> Any:
    """Replace ids by their objects along each dotted path (`latest_charge.balance_transaction`)."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > MAX_EXPAND_DEPTH:
            raise ApiError(400, "You cannot expand more than 4 levels of a property.", stored=False)
        body = _expand(world, body, parts, path)
    return body


def _expand(world: World, body: Any, parts: list[str], path: str) -> Any:
    if isinstance(body, list):
        return [_expand(world, item, parts, path) for item in body]
    if not parts or body is None:
        return body
    name, rest = parts[0], parts[1:]
    if isinstance(body, dict) and body.get("object") == "charge" and name == "refunds":
        body = body | {"refunds": refunds_of(world, body["id"])}
    if not isinstance(body, dict) or name not in body:
        raise ApiError(
            400,
            f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' "
            f"instead, or it "
            "may not exist.",
            stored=False,
        )
    value = body[name]
    if isinstance(value, str):
        value = world.store.anything(value) or value
    return body | {name: _expand(world, value, rest, path) if rest else value}


def refunds_of(world: World, charge_id: str) -> Body:
    """All refunds of a charge as Stripe's list object."""
    found = world.store.find("refund", charge=charge_id)
    return {"object": "list", "data": found, "has_more": False, "url": f"/v1/charges/{charge_id}/refunds"}
