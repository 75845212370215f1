"""What the stand-in knows: shipments, their events, faults on order. Kept in a file when one is named."""

from __future__ import annotations

import fnmatch
import json
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FAULTS = ("slow", "status", "answer_lost")
FOREVER = -1
FIRST_NUMBER = 3404341610940


@dataclass
class Fault:
    """Acts on the next ``times`` requests that match: ``slow`` (``ms``), ``status`` (``status``), ``answer_lost``."""

    kind: str
    times: int = 1
    method: str = "*"
    path: str = "*"
    ms: int = 0
    status: int = 500

    def check(self) -> None:
        """ValueError for a fault that makes no sense."""
        if self.kind not in FAULTS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(FAULTS)}")
        if not 0 <= self.ms <= 60_000 or not 400 <= self.status < 600 or self.times == 0:
            raise ValueError("ms is 0 to 60000, status 400 to 599, times a positive number or -1")


@dataclass
class Event:
    """Something that happened to a shipment; ``at`` is Unix seconds."""

    code: str
    ice: str
    ric: str
    text: str
    at: float
    place: str = "Hamburg"
    returned: bool = False


@dataclass
class Shipment:
    """A booked shipment."""

    number: str
    reference: str
    product: str
    weight_kg: float
    consignee: dict[str, Any]
    shipper: dict[str, Any]
    booked_at: float
    cancelled: bool = False
    events: list[Event] = field(default_factory=list)


@dataclass
class Settings:
    """How the stand-in was started."""

    control_token: str = ""
    client_id: str = "kontor"
    client_secret: str = "kontor-secret"  # noqa: S105
    username: str = "user"
    password: str = "pass"  # noqa: S105
    webhook_url: str = ""
    webhook_secret: str = ""


class World:
    """All state of one stand-in; every change under one lock."""

    def __init__(self, settings: Settings, state: Path | None = None) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.shipments: dict[str, Shipment] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self._state = state
        if state is not None and state.is_file():
            for saved in json.loads(state.read_text()):
                events = [Event(**event) for event in saved.pop("events")]
                self.shipments[saved["number"]] = Shipment(**saved, events=events)

    def save(self) -> None:
        """Write the shipments down, when there is a file for them."""
        if self._state is not None:
            fresh = self._state.with_suffix(".new")
            fresh.write_text(json.dumps([asdict(shipment) for shipment in self.shipments.values()]))
            fresh.replace(self._state)

    def book(self, wanted: dict[str, Any]) -> Shipment:
        """Write a shipment down under the next number (20 digits, as the carrier's)."""
        with self.lock:
            number = f"00{FIRST_NUMBER}{len(self.shipments) + 1:05d}"
            shipment = Shipment(
                number=number,
                reference=str(wanted.get("refNo") or ""),
                product=str(wanted.get("product") or ""),
                weight_kg=float(wanted["details"]["weight"]["value"]),
                consignee=dict(wanted["consignee"]),
                shipper=dict(wanted.get("shipper") or {}),
                booked_at=time.time(),
            )
            self.shipments[number] = shipment
            self.save()
            return shipment

    def by_reference(self, reference: str) -> list[Shipment]:
        """Shipments of that customer reference that were not cancelled, oldest first."""
        return [one for one in self.shipments.values() if one.reference == reference and not one.cancelled]

    def reset(self) -> None:
        """Forget everything but how we were started."""
        with self.lock:
            self.shipments.clear()
            self.faults.clear()
            self.requests.clear()
            self.save()

    def fault(self, kind: str, method: str, path: str) -> Fault | None:
        """Use up the first fault of that kind for this request."""
        with self.lock:
            for fault in self.faults:
                fits = fnmatch.fnmatchcase(method, fault.method) and fnmatch.fnmatchcase(path, fault.path)
                if fault.kind == kind and fits and fault.times:
                    fault.times -= fault.times > 0
                    return fault
        return None
