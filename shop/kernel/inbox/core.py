"""The inbox: the sender is answered as soon as its message is stored; understanding it comes after."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F

if TYPE_CHECKING:
    from shop.kernel.models import InboxMessage

log = logging.getLogger(__name__)

HANDLERS: dict[str, Callable[[InboxMessage], None]] = {}
BATCH = 200
DRAIN_ROUNDS_MAX = 100

Handler = TypeVar("Handler", bound="Callable[[InboxMessage], None]")


def handles(source: str) -> Callable[[Handler], Handler]:
    """Register the one handler of a source. Handlers run outside a transaction: they may ask the network first and
    then call an idempotent action."""

    def decorate(handler: Handler) -> Handler:
        HANDLERS[source] = handler
        return handler

    return decorate


def receive(*, source: str, external_id: str, body: str, kind: str = "") -> tuple[InboxMessage, bool]:
    """Store a message once per (source, external_id). Returns (row, whether it is new); a repeat is only counted."""
    from shop.kernel.models import InboxMessage
    from shop.kernel.outbox import current_correlation_id

    try:
        with transaction.atomic():
            row = InboxMessage.objects.create(
                source=source,
                external_id=external_id,
                body=body,
                kind=kind,
                correlation_id=current_correlation_id(),
            )
            transaction.on_commit(lambda: nudge(row.pk), robust=True)
            return row, True
    except IntegrityError:
        InboxMessage.objects.filter(source=source, external_id=external_id).update(
            times_received=F("times_received") + 1
        )
        return InboxMessage.objects.get(source=source, external_id=external_id), False


def nudge(inbox_id: int) -> None:
    """Ask a worker to handle a message now; the sweep does it when the queue is broken."""
    from shop.kernel.tasks import handle_one

    try:
        handle_one.delay(inbox_id)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, inbox message %s waits for the sweep: %s", inbox_id, error)


def handle(inbox_id: int) -> bool:
    """Handle one stored message and mark it; it joins the thread it turned out to be about. Returns whether this call
    marked it.

    The handler runs outside a transaction and must be idempotent: two workers may run it at the same time, or a
    crash may come between its effect and our mark.
    """
    from shop.kernel.attempts import GiveUp, note_failure
    from shop.kernel.clock import now
    from shop.kernel.models import InboxMessage
    from shop.kernel.outbox import correlation, current_correlation_id, threads

    row = InboxMessage.objects.filter(pk=inbox_id, state=InboxMessage.PENDING).first()
    if row is None:
        return False
    with correlation(row.correlation_id or current_correlation_id()):
        try:
            handler = HANDLERS.get(row.source)
            if handler is None:
                raise GiveUp(f"nobody handles messages from {row.source!r}")
            handler(row)
        except Exception as error:
            note_failure(InboxMessage, inbox_id, error)
            if thread := threads.only_one_met():
                InboxMessage.objects.filter(pk=inbox_id).update(correlation_id=thread)
            return False
        thread = threads.only_one_met() or current_correlation_id()
    done = InboxMessage.objects.filter(pk=inbox_id, state=InboxMessage.PENDING).update(
        state=InboxMessage.DONE,
        done_at=now(),
        attempts=F("attempts") + 1,
        last_error="",
        correlation_id=thread,
    )
    return bool(done)


def drain() -> int:
    """Handle everything that is due, here and now. Returns how many were done."""
    from shop.kernel.attempts import due
    from shop.kernel.models import InboxMessage

    done = 0
    for _ in range(DRAIN_ROUNDS_MAX):
        waiting = list(due(InboxMessage, BATCH).values_list("pk", flat=True))
        if not waiting:
            return done
        done += sum(handle(pk) for pk in waiting)
    raise RuntimeError("inbox messages still arrive after DRAIN_ROUNDS_MAX rounds")
