"""Small handles on the kernel for tests: the outbox, the clock, the queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from celery.app.task import Task

from shop.kernel import clock as kernel_clock
from shop.kernel import inbox, outbox

DRAIN_ROUNDS_MAX = 20


class Outbox:
    """What was told to whom."""

    def drain(self) -> int:
        """Deliver events and handle received messages until nothing is due; returns how many were done."""
        done = 0
        for _ in range(DRAIN_ROUNDS_MAX):
            round_ = outbox.drain() + inbox.drain()
            if not round_:
                return done
            done += round_
        raise RuntimeError("outbox and inbox keep each other busy")

    def events(self, kind: type[Any] | str | None = None) -> list[Any]:
        """The recorded events as objects, oldest first; only those of ``kind`` when given."""
        from shop.kernel.models import Message

        name = kind if isinstance(kind, str) else kind.__name__ if kind else None
        rows = Message.objects.order_by("recorded_at", "pk")
        return [outbox.load(row) for row in (rows.filter(name=name) if name else rows)]

    def failures(self) -> list[str]:
        """What went wrong in deliveries and messages, as ``subscriber: cause``; empty when all is well."""
        from shop.kernel.models import Delivery, InboxMessage

        told = Delivery.objects.exclude(last_error="").values_list("subscriber", "last_error")
        heard = InboxMessage.objects.exclude(last_error="").values_list("source", "last_error")
        return [f"{who}: {cause}" for who, cause in [*told, *heard]]


class Clock:
    """The shop's clock in a test; runs until it is stopped."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    @contextmanager
    def running(self) -> Iterator[Clock]:
        """Give the clock back afterwards."""
        with self._stack:
            yield self

    def now(self) -> dt.datetime:
        """What the shop takes for now."""
        return kernel_clock.now()

    def stop(self, moment: dt.datetime | None = None) -> dt.datetime:
        """Stop at ``moment`` (time zone aware), or where it is."""
        return self._stack.enter_context(kernel_clock.frozen(moment or kernel_clock.now()))

    def advance(self, **delta: float) -> dt.datetime:
        """Move on by ``days=``, ``hours=``, ``seconds=`` ..., and stand still there."""
        return self.stop(kernel_clock.now() + dt.timedelta(**delta))

    def on(self, day: dt.date) -> dt.datetime:
        """Stop at noon of ``day`` in the shop's time zone."""
        return self.stop(kernel_clock.at_noon(day))


class Queue:
    """Tasks that code asked for, in order; none is run."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    @contextmanager
    def catching(self) -> Iterator[Queue]:
        """Note tasks here instead of sending them."""

        def apply_async(task: Task, args: Any = None, kwargs: Any = None, **options: Any) -> None:
            self.asked.append((str(task.name), tuple(args or ()), dict(kwargs or {})))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Task, "apply_async", apply_async)
            yield self

    def names(self) -> list[str]:
        """Names of the tasks asked for."""
        return [name for name, _, _ in self.asked]
