"""An event of the tests' own with subscribers of their own, gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from shop.kernel.models import Message
from shop.kernel.outbox import EVENTS, SUBSCRIBERS, event, record, subscribe


@dataclass(frozen=True)
class TestRang:
    """Somebody rang the test's bell."""

    __test__ = False  # pytest: no test class

    number: int
    note: str = ""


@contextmanager
def heard_by(**handlers: Callable[[Any], None]) -> Iterator[None]:
    """Within the block TestRang is an event, heard by these handlers as ``test.<name>``."""
    event(TestRang)
    for name, handler in handlers.items():
        subscribe(TestRang, f"test.{name}")(handler)
    try:
        yield
    finally:
        EVENTS.pop(TestRang.__name__)
        SUBSCRIBERS.pop(TestRang.__name__)


def ring(number: int = 1, note: str = "") -> Message:
    """Tell it, in a transaction of its own."""
    with transaction.atomic():
        return record(TestRang(number, note))
