"""What every endpoint works with: the store, the clock, events, faults and work that falls due later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import API_VERSION, webhooks
from .errors import not_found
from .faults import Faults
from .store import Body, Store, new_id


@dataclass(frozen=True)
class Settings:
    """How the stand-in was started; `url` is its own address without a slash at the end."""

    url: str
    control_token: str = ""


@dataclass
class Call:
    """One request to the interface: who asks, with which parameters.

    `client` is true for the publishable key (a browser); `locale` is `de` or `en`.
    """

    world: World
    params: dict[str, Any] = field(default_factory=dict)
    request_id: str | None = None
    idempotency_key: str | None = None
    client: bool = False
    locale: str = "en"


class World:
    """The whole state of one stand-in."""

    jobs: dict[str, Callable[[World, str], None]] = {}
    """Work that falls due later, by name; the rooms register theirs with `job`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.faults = Faults(store)
        self.wake = threading.Event()
        self._offset = float(store.fact("clock_offset", 0.0))

    def now(self) -> float:
        """Unix seconds by the stand-in's clock, which `advance` moves forward."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward and do what falls due."""
        with self.store.change():
            self._offset += seconds
            self.store.set_fact("clock_offset", self._offset)
        self.run_due_jobs()
        self.wake.set()

    def reset(self) -> None:
        """Forget everything that happened; the address for webhooks stays."""
        target = self.webhook_target()
        with self.store.change():
            self.store.clear()
            self._offset = 0.0
            self.set_webhook_target(*target)
        self.faults.clear()

    def webhook_target(self) -> tuple[str, str]:
        """Address and secret of the shop's webhook; empty strings when there is none."""
        url, secret = self.store.fact("webhook_target", ["", ""])
        return url, secret

    def set_webhook_target(self, url: str, secret: str) -> None:
        """Send events to `url` from now on, signed with `secret`."""
        self.store.set_fact("webhook_target", [url, secret])

    def need(self, kind: str, ident: Any, *, param: str, what: str | None = None) -> Body:
        """One object; 404 in Stripe's words when there is none."""
        found = self.store.get(kind, ident)
        if found is None:
            raise not_found(what or kind, str(ident), param=param)
        return found

    def emit(self, kind: str, body: Body, call: Call | None = None) -> Body:
        """Record an event about `body` as it is now, and line up its delivery."""
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(self.now()),
            "data": {"object": body},
            "livemode": False,
            "pending_webhooks": 1 if self.webhook_target()[0] else 0,
            "request": {
                "id": call.request_id if call else None,
                "idempotency_key": call.idempotency_key if call else None,
            },
            "type": kind,
        }
        self.store.add(event)
        webhooks.line_up(self, event)
        return event

    def later(self, seconds: float, verb: str, target: str) -> None:
        """Do the job `verb` for `target` when `seconds` have passed on the stand-in's clock."""
        self.store.sql(
            "INSERT INTO jobs(due, verb, target) VALUES(?,?,?)", (self.now() + seconds, verb, target)
        )
        self.wake.set()

    def run_due_jobs(self) -> int:
        """Do everything that is due, oldest first; returns how many jobs were done."""
        done = 0
        while True:
            with self.store.change():
                rows = self.store.sql(
                    "SELECT id, verb, target FROM jobs WHERE due <= ? ORDER BY due, id LIMIT 1", (self.now(),)
                )
                if not rows:
                    return done
                ident, verb, target = rows[0]
                self.store.sql("DELETE FROM jobs WHERE id = ?", (ident,))
                self.jobs[verb](self, target)
                done += 1


def job(verb: str) -> Callable[[Callable[[World, str], None]], Callable[[World, str], None]]:
    """Register a function as the job `verb`; it gets the world and the id of its object."""

    def register(function: Callable[[World, str], None]) -> Callable[[World, str], None]:
        World.jobs[verb] = function
        return function

    return register
