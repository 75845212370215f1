"""Webhooks: each event is signed and delivered to the shop, again and again until it is taken.

Deliveries live in the state file; a restart goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import random
import sqlite3
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .store import Body

if TYPE_CHECKING:
    from .world import World

RETRY_DELAYS_S = (1, 5, 30, 120, 600, 3600, 6 * 3600)
"""Waits after the first, second, ... failed attempt; after the last one the delivery is dead."""
TIMEOUT_S = 10
IDLE_WAIT_S = 0.5
"""How long the delivering thread sleeps at most when nothing is due."""


def line_up(world: World, event: Body) -> None:
    """Write the delivery of an event, bent by the faults that are set."""
    if not world.webhook_target()[0]:
        return
    kind = event["type"]
    copies = 2 if world.faults.for_event("duplicate_webhooks", kind) else 1
    state = "pending"
    shuffle = None
    if world.faults.for_event("withhold_webhooks", kind):
        state = "withheld"
    elif shuffle := world.faults.for_event("shuffle_webhooks", kind):
        state = "shuffling"
    for _ in range(copies):
        world.store.sql(
            "INSERT INTO deliveries(event, type, state, position, next_at) "
            "VALUES(?,?,?, (SELECT COALESCE(MAX(id), 0) + 1 FROM deliveries), ?)",
            (event["id"], kind, state, world.now()),
        )
    if shuffle is not None and shuffle.spent():
        release_shuffled(world)
    world.wake.set()


def release_shuffled(world: World) -> None:
    """Let the held deliveries go, in an order that is certainly not the order of the events."""
    with world.store.change():
        rows = world.store.sql("SELECT id, position FROM deliveries WHERE state = 'shuffling' ORDER BY id")
        order = [ident for ident, _ in rows]
        positions = [position for _, position in rows]
        mixed = order[:]
        random.shuffle(mixed)
        if mixed == order:
            mixed.reverse()
        for ident, position in zip(mixed, positions, strict=True):
            world.store.sql(
                "UPDATE deliveries SET state = 'pending', position = ? WHERE id = ?", (position, ident)
            )


def signature(secret: str, payload: bytes, when: int) -> str:
    """The header `Stripe-Signature`: HMAC-SHA256 over time and raw body (docs.stripe.com/webhooks)."""
    digest = hmac.new(secret.encode(), f"{when}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={when},v1={digest}"


def flush(world: World) -> list[dict[str, Any]]:
    """Deliver now all that is waiting, withheld or held for shuffling; returns the deliveries tried."""
    release_shuffled(world)
    with world.store.change():
        world.store.sql("UPDATE deliveries SET state = 'pending' WHERE state = 'withheld'")
        rows = world.store.sql("SELECT id FROM deliveries WHERE state = 'pending' ORDER BY position, id")
    done = [shown for (ident,) in rows if (shown := deliver(world, ident))]
    deadline = time.monotonic() + TIMEOUT_S
    while world.store.sql("SELECT 1 FROM deliveries WHERE state = 'sending'") and time.monotonic() < deadline:
        time.sleep(0.01)  # the background thread is sending one just now
    return done


def redeliver(world: World, event_id: str) -> None:
    """Line up one more delivery of an event."""
    event = world.need("event", event_id, param="id")
    with world.store.change():
        line_up(world, event)


def deliver(world: World, ident: int) -> dict[str, Any] | None:
    """Make one attempt. The delivery is taken first (`sending`), so nobody else sends it meanwhile."""
    with world.store.change():
        rows = world.store.sql("SELECT event FROM deliveries WHERE id = ? AND state = 'pending'", (ident,))
        if not rows:
            return None
        world.store.sql("UPDATE deliveries SET state = 'sending' WHERE id = ?", (ident,))
        event = world.store.get("event", rows[0][0])
        url, secret = world.webhook_target()
    status, error = _post(url, secret, json.dumps(event, indent=2).encode())
    _note(world, ident, status, error)
    return recent(world, ident=ident)[0]


def _post(url: str, secret: str, payload: bytes) -> tuple[int | None, str]:
    """Send one signed event. The signature carries real time: the library compares it with the real clock."""
    parts = urlsplit(url)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (stand-in)",
        "Stripe-Signature": signature(secret, payload, int(time.time())),
    }
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(
            "POST", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", payload, headers
        )
        answer = connection.getresponse()
        return answer.status, "" if 200 <= answer.status < 300 else f"answered {answer.status}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"[:200]
    finally:
        connection.close()


def _note(world: World, ident: int, status: int | None, error: str) -> None:
    with world.store.change():
        rows = world.store.sql("SELECT attempts, event FROM deliveries WHERE id = ?", (ident,))
        if not rows:
            return
        attempts, event = rows[0][0] + 1, rows[0][1]
        if not error:
            state, next_at = "delivered", world.now()
            _taken(world, event)
        elif attempts > len(RETRY_DELAYS_S):
            state, next_at = "dead", world.now()
        else:
            state, next_at = "pending", world.now() + RETRY_DELAYS_S[attempts - 1]
        world.store.sql(
            "UPDATE deliveries SET state=?, attempts=?, next_at=?, last_status=?, last_error=?, last_at=? "
            "WHERE id=?",
            (state, attempts, next_at, status, error, int(world.now()), ident),
        )


def _taken(world: World, event_id: str) -> None:
    event = world.store.get("event", event_id)
    if event:
        world.store.save(event | {"pending_webhooks": 0})


def recent(world: World, *, limit: int = 50, ident: int | None = None) -> list[dict[str, Any]]:
    """The latest deliveries, newest first."""
    names = ("id", "event", "type", "state", "attempts", "next_at", "last_status", "last_error", "last_at")
    where, values = ("WHERE id = ?", (ident,)) if ident else ("", ())
    rows = world.store.sql(
        f"SELECT {','.join(names)} FROM deliveries {where} ORDER BY id DESC LIMIT ?",
        (*values, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


class Deliverer(threading.Thread):
    """The background thread: delivers what is due and does the jobs that fall due."""

    def __init__(self, world: World) -> None:
        super().__init__(name="standin-deliverer", daemon=True)
        self._world = world
        self._stopped = threading.Event()
        with world.store.change():  # what a kill interrupted is sent again: at least once, as Stripe promises
            world.store.sql("UPDATE deliveries SET state = 'pending' WHERE state = 'sending'")

    def run(self) -> None:
        """Until stopped: jobs first, then one delivery after the other."""
        while not self._stopped.is_set():
            self._world.wake.clear()
            try:
                self._world.run_due_jobs()
                idle = not self._deliver_next()
            except sqlite3.ProgrammingError:  # the state file was closed: the server is ending
                return
            except Exception:
                traceback.print_exc()
                idle = True
            if idle:
                self._world.wake.wait(IDLE_WAIT_S)

    def stop(self) -> None:
        """End after the attempt under way."""
        self._stopped.set()
        self._world.wake.set()

    def _deliver_next(self) -> bool:
        rows = self._world.store.sql(
            "SELECT id FROM deliveries WHERE state = 'pending' AND next_at <= ? ORDER BY position, id LIMIT "
            "1",
            (self._world.now(),),
        )
        return bool(rows) and deliver(self._world, rows[0][0]) is not None
