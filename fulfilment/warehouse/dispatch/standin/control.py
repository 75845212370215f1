"""The handle for tests and demos: faults, events on a shipment, pushing them to the shop."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import asdict
from typing import Any

from .world import Event, Fault, Shipment, World

HEADER = "X-Standin-Control"
#: What can happen, by our short name: the carrier's codes and words.
HAPPENINGS = {
    "announced": ("VA", "PARCV", "OTHER", "The shipment was announced electronically."),
    "posted": ("ES", "PCKDU", "OTHER", "The shipment was handed over."),
    "sorted": ("EE", "SRTED", "OTHER", "The shipment was sorted."),
    "out": ("PO", "LDTMV", "OTHER", "The shipment is being delivered."),
    "failed": ("ZN", "NDELV", "OTHER", "The shipment could not be delivered."),
    "delivered": ("ZU", "DLVRD", "OTHER", "The shipment was delivered."),
    "returned": ("ZU", "DLVRD", "OTHER", "The shipment was returned to the sender."),
    "lost": ("VL", "LOST", "LOST", "The shipment is considered lost."),
    "odd": ("XQ", "QQQQQ", "OTHER", "Something that nobody knows."),
}


def answer(world: World, method: str, path: str, token: str, body: bytes) -> tuple[int, Any]:
    """Status and JSON answer of a control request."""
    if not world.settings.control_token or not hmac.compare_digest(token, world.settings.control_token):
        return 403, {"error": "control token"}
    try:
        given = json.loads(body or b"{}")
        return _do(world, method, path.removeprefix("/_control/"), given)
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": str(error)}


def _do(world: World, method: str, name: str, given: dict[str, Any]) -> tuple[int, Any]:
    if name == "reset":
        world.reset()
        return 200, {}
    if name == "faults":
        fault = Fault(**given)
        fault.check()
        world.faults.append(fault)
        return 200, asdict(fault)
    if name == "shipments":
        return 200, [asdict(one) for one in world.shipments.values()]
    if name == "requests":
        return 200, list(world.requests)
    if name == "webhook":
        world.settings.webhook_url, world.settings.webhook_secret = given["url"], given["secret"]
        return 200, {}
    if name == "event":
        return 200, _happen(world, given)
    return 404, {"error": "unknown control"}


def _happen(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Let something happen to a shipment; ``push``: how often to tell the shop at once."""
    code, ice, ric, text = HAPPENINGS[given["what"]]
    with world.lock:
        shipment = world.shipments[given["shipment"]]
        event = Event(
            code=code,
            ice=ice,
            ric=ric,
            text=text,
            at=float(given.get("at") or time.time()),
            returned=given["what"] == "returned",
        )
        shipment.events.append(event)
        world.save()
    message = push_body(shipment, event)
    statuses = [push(world, message) for _ in range(int(given.get("push", 0)))]
    return {"message": message.decode(), "statuses": statuses}


def push_body(shipment: Shipment, event: Event) -> bytes:
    """What is pushed to the shop."""
    facts = {
        "id": uuid.uuid4().hex,
        "shipmentNo": shipment.number,
        "reference": shipment.reference,
        "code": event.code,
        "ice": event.ice,
        "ric": event.ric,
        "returned": event.returned,
        "text": event.text,
        "place": event.place,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event.at)),
    }
    return json.dumps(facts).encode()


def sign(body: bytes, secret: str, at: int) -> str:
    """``t=<seconds>,v1=<HMAC-SHA256 of "t.body" in hex>``."""
    made = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


def push(world: World, body: bytes) -> int:
    """Send one message to the shop; its status, 0 when it cannot be reached."""
    headers = {
        "Content-Type": "application/json",
        "Carrier-Signature": sign(body, world.settings.webhook_secret, int(time.time())),
    }
    request = urllib.request.Request(world.settings.webhook_url, data=body, headers=headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answered:  # noqa: S310
            return int(answered.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, OSError):
        return 0
