"""The order in which test_kills.py strikes comes from its seed alone, or a printed seed repeats nothing."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import test_kills
from tests.support.brokers import Files, RabbitMQ, Redis


class Struck:
    """A ground that only notes what is done to it, and with what."""

    def __init__(self, broker: str) -> None:
        self.broker = SimpleNamespace(name=broker)
        self.done: list[tuple[str, Any]] = []
        self.postgres = self

    def __getattr__(self, name: str) -> Any:
        def note(*args: Any, **named: Any) -> int:
            self.done.append((name, args, named))  # type: ignore[arg-type]
            return 0

        return note


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were asked for; none is made. And some of every kind of blow."""
    for kind in ("KILLS", "CRASHES", "EMPTIED", "BROKER_CRASHES", "FILLED", "DATABASE_FULL", "SHIFTED"):
        monkeypatch.setattr(test_kills, kind, lambda broker: 8)
    asked: list[float] = []
    monkeypatch.setattr(test_kills.time, "sleep", asked.append)
    return asked


def struck(seed: int, broker: str, pauses: list[float]) -> tuple[list[Any], list[float], dict[str, int]]:
    """All that a run does with this seed: to whom what is done, when, and what is noted of it."""
    ground: Any = Struck(broker)
    pauses.clear()
    blows = test_kills.Blows(ground, random.Random(seed))
    blows.run(lambda: None)
    return ground.done, list(pauses), dict(blows.came)


@pytest.mark.parametrize("broker", [Files.name, Redis.name, RabbitMQ.name])
def test_the_same_seed_strikes_the_same_and_another_one_does_not(broker: str, pauses: list[float]) -> None:
    first = struck(71, broker, pauses)
    assert struck(71, broker, pauses) == first
    assert struck(72, broker, pauses)[0] != first[0]
    kinds = {name for name, _args, _named in first[0]}
    assert {"kill", "kill_one_process", "crash", "empty_broker", "fill_disk", "set_clock"} <= kinds
    assert ("crash_broker" in kinds) == (broker != Files.name)
