"""The control interface for tests and for `make run`: faults, clock, webhooks, payouts, reset."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

from . import balance, disputes, payouts, refunds, webhooks
from .errors import ApiError
from .store import Body
from .world import World

HEADER = "x-standin-control"
MAX_ADVANCE_S = 400 * 24 * 3600


def answer(world: World, method: str, path: str, token: str, body: bytes) -> tuple[int, Body]:
    """Answer a request under /_control; 403 without the token the server was started with."""
    wanted = world.settings.control_token
    if not wanted or not hmac.compare_digest(token.encode(), wanted.encode()):
        return 403, {"error": {"message": f"Needs the header {HEADER} with the control token."}}
    verb = VERBS.get((method, path.removeprefix("/_control/").rstrip("/")))
    if verb is None:
        known = ", ".join(f"{m} /_control/{p}" for m, p in VERBS)
        return 404, {"error": {"message": f"Unknown; known: {known}"}}
    try:
        given = json.loads(body) if body.strip() else {}
        if not isinstance(given, dict):
            raise ValueError("not an object")
        return 200, verb(world, given)
    except ApiError as error:
        return error.status, {"error": error.body}
    except (ValueError, TypeError, KeyError) as error:
        return 400, {"error": {"message": f"The body could not be read: {error}"}}


def _health(world: World, given: Body) -> Body:
    rows = world.store.sql("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
    return {"status": "ok", "url": world.settings.url, "now": int(world.now()), "deliveries": dict(rows)}


def _faults(world: World, given: Body) -> Body:
    if given.get("replace"):
        world.faults.clear()
    script = given.get(
        "faults", [{k: v for k, v in given.items() if k != "replace"}] if "kind" in given else []
    )
    return {"faults": world.faults.add(script)}


def _list_faults(world: World, given: Body) -> Body:
    return {"faults": world.faults.script()}


def _clear_faults(world: World, given: Body) -> Body:
    world.faults.clear()
    return {"faults": []}


def _clock(world: World, given: Body) -> Body:
    seconds = float(given.get("advance", 0)) + float(given.get("days", 0)) * 24 * 3600
    if not 0 <= seconds <= MAX_ADVANCE_S:
        raise ApiError(400, "The clock only goes forward, by at most 400 days at once.")
    world.advance(seconds)
    return {"now": int(world.now())}


def _webhooks(world: World, given: Body) -> Body:
    return {"deliveries": webhooks.recent(world, limit=500)}


def _target(world: World, given: Body) -> Body:
    url, secret = given.get("url", ""), given.get("secret") or world.webhook_target()[1]
    if (
        not isinstance(url, str)
        or (url and not url.startswith(("http://", "https://")))
        or not isinstance(secret, str)
    ):
        raise ApiError(400, "url must be an http(s) address, secret a text.")
    with world.store.change():
        world.set_webhook_target(url, secret)
    return {"url": url}


def _flush(world: World, given: Body) -> Body:
    if given.get("run_jobs", True):
        world.run_due_jobs()
    return {"deliveries": webhooks.flush(world)}


def _redeliver(world: World, given: Body) -> Body:
    webhooks.redeliver(world, given["event"])
    return {"event": given["event"]}


def _payout(world: World, given: Body) -> Body:
    with world.store.change():
        payout = payouts.daily(
            world,
            str(given.get("currency", "eur")),
            include_pending=bool(given.get("include_pending")),
            negative=bool(given.get("negative")),
        )
        if payout and given.get("paid"):
            payouts.pay(world, payout)
    return {"payout": payout}


def _payout_fails(world: World, given: Body) -> Body:
    with world.store.change():
        payout = world.need("payout", given["payout"], param="payout")
        return {"payout": payouts.fail(world, payout, given.get("code", "account_closed"))}


def _dispute(world: World, given: Body) -> Body:
    with world.store.change():
        charge = world.need("charge", given["charge"], param="charge")
        if not charge["captured"] or charge["disputed"]:
            raise ApiError(400, "Only a captured charge without a dispute can be disputed.")
        reason = str(given.get("reason", "fraudulent"))
        return {"dispute": disputes.open_for(world, charge, reason, inquiry=bool(given.get("inquiry")))}


def _entry(world: World, given: Body) -> Body:
    """A movement that no call causes: a fee on its own, one given back, an adjustment."""
    amount, fee = given["amount"], given.get("fee", 0)
    if not isinstance(amount, int) or not isinstance(fee, int):
        raise ApiError(400, "amount and fee are whole minor units.")
    with world.store.change():
        entry = balance.book(
            world,
            amount=amount,
            fee=fee,
            currency=str(given.get("currency", "eur")),
            source=given.get("source"),
            type=str(given.get("type", "adjustment")),
            category=given.get("category"),
            description=given.get("description"),
        )
    return {"balance_transaction": entry}


def _refund_fails(world: World, given: Body) -> Body:
    with world.store.change():
        refund = world.need("refund", given["refund"], param="id")
        if refund["status"] == "failed":
            raise ApiError(400, "This refund has failed already.")
        return {"refund": refunds.fail(world, refund["id"])}


def _reset(world: World, given: Body) -> Body:
    world.reset()
    return {"status": "ok"}


VERBS: dict[tuple[str, str], Callable[[World, Any], Body]] = {
    ("GET", "health"): _health,
    ("GET", "faults"): _list_faults,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "clock"): _clock,
    ("GET", "webhooks"): _webhooks,
    ("POST", "webhooks/target"): _target,
    ("POST", "webhooks/flush"): _flush,
    ("POST", "webhooks/redeliver"): _redeliver,
    ("POST", "payouts"): _payout,
    ("POST", "payouts/fail"): _payout_fails,
    ("POST", "disputes"): _dispute,
    ("POST", "refunds/fail"): _refund_fails,
    ("POST", "balance"): _entry,
    ("POST", "reset"): _reset,
}
