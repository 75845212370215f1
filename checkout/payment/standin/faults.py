"""Faults on order, for tests: slow answers, errors, answers lost on the way, webhooks that misbehave."""

from __future__ import annotations

import fnmatch
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import ApiError
from .store import Store

REQUEST_KINDS = ("slow", "status", "answer_lost_after_charge", "processing")
WEBHOOK_KINDS = ("withhold_webhooks", "duplicate_webhooks", "shuffle_webhooks")
STATUSES = (400, 402, 409, 429, 500, 502, 503)
MAX_SLOW_MS = 120_000
FOREVER = -1


@dataclass
class Fault:
    """One fault: it acts on the next `times` requests or events that match (-1: for good).

    `method` and `path` (`*` as wild card) choose requests, `type` chooses events. `ms` is how slow,
    `status` which error, `seconds` how long a payment stays in processing.
    """

    kind: str
    times: int = 1
    method: str = "*"
    path: str = "/v1/*"
    type: str = "*"
    ms: int = 0
    status: int = 500
    seconds: float = 5.0
    seen: int = field(default=0)

    def __post_init__(self) -> None:
        if self.kind == "answer_lost_after_charge" and self.method == "*":
            self.method = "POST"

    def check(self) -> None:
        """Refuse a fault that makes no sense."""
        if self.kind not in REQUEST_KINDS + WEBHOOK_KINDS:
            raise ApiError(
                400, f"Unknown fault '{self.kind}'; known: {', '.join(REQUEST_KINDS + WEBHOOK_KINDS)}"
            )
        if self.kind == "status" and self.status not in STATUSES:
            raise ApiError(400, f"Status must be one of {STATUSES}")
        if not isinstance(self.ms, int) or not 0 <= self.ms <= MAX_SLOW_MS:
            raise ApiError(400, f"ms must be between 0 and {MAX_SLOW_MS}")
        if not isinstance(self.times, int) or self.times == 0 or self.times < FOREVER:
            raise ApiError(400, "times must be a positive number, or -1 for good")

    def spent(self) -> bool:
        """Whether it has acted as often as it should."""
        return self.times != FOREVER and self.seen >= self.times


class Faults:
    """The script of faults; kept in the state file, so a restart does not forget it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._faults = [Fault(**saved) for saved in store.fact("faults", [])]

    def add(self, script: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Append faults; refuses the whole script when one of them makes no sense."""
        try:
            fresh = [Fault(**item) for item in script]
        except TypeError as error:
            raise ApiError(400, f"A fault could not be read: {error}") from None
        for fault in fresh:
            fault.check()
        with self._store.lock, self._lock:
            self._faults.extend(fresh)
            self._save()
        return self.script()

    def clear(self) -> None:
        """Take all faults away."""
        with self._store.lock, self._lock:
            self._faults.clear()
            self._save()

    def script(self) -> list[dict[str, Any]]:
        """What is still to come."""
        return [asdict(fault) for fault in list(self._faults) if not fault.spent()]

    def for_request(self, kind: str, method: str, path: str) -> Fault | None:
        """Use up and return the first fault of `kind` for this request."""
        return self._take(
            kind,
            lambda fault: fnmatch.fnmatchcase(method, fault.method) and fnmatch.fnmatchcase(path, fault.path),
        )

    def for_event(self, kind: str, event_type: str) -> Fault | None:
        """Use up and return the first fault of `kind` for this event."""
        return self._take(kind, lambda fault: fnmatch.fnmatchcase(event_type, fault.type))

    def _take(self, kind: str, matches: Any) -> Fault | None:
        if not self._faults:
            return None
        with self._store.lock, self._lock:
            for fault in self._faults:
                if fault.kind == kind and not fault.spent() and matches(fault):
                    fault.seen += 1
                    self._save()
                    return fault
        return None

    def _save(self) -> None:
        self._faults = [
            fault for fault in self._faults if not fault.spent() or fault.kind == "shuffle_webhooks"
        ]
        self._store.set_fact("faults", [asdict(fault) for fault in self._faults])
