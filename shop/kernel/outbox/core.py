"""The outbox. The table is the truth; the queue is only a nudge to look at it sooner than the sweep would."""

from __future__ import annotations

import dataclasses
import json
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Case, SmallIntegerField, When

from shop.kernel import masks
from shop.kernel.transactions import InTransaction, in_transaction

from . import threads

if TYPE_CHECKING:
    from shop.kernel.models import Delivery, Message

log = logging.getLogger(__name__)

EVENTS: dict[str, type[Any]] = {}
SUBSCRIBERS: dict[str, dict[str, Callable[[Any], None]]] = {}

DRAIN_ROUNDS_MAX = 100  #: rounds of deliveries that cause deliveries before drain() calls it a loop
NUDGES_MAX = 100  #: deliveries of one record_many() for which workers are nudged; more are left to the sweep
BATCH = 200  #: deliveries looked at in one sweep

_correlation: ContextVar[str] = ContextVar("correlation_id", default="")
E_ = TypeVar("E_", bound=type)
Handler = TypeVar("Handler", bound=Callable[[Any], None])


def event(cls: E_) -> E_:
    """Register a frozen dataclass of plain values as an event; its class name is its name on the wire."""
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls.__name__} must be a frozen dataclass")
    known = EVENTS.get(cls.__name__)
    if known is not None and known.__module__ != cls.__module__:
        raise ValueError(f"two events are named {cls.__name__}: {known.__module__} and {cls.__module__}")
    EVENTS[cls.__name__] = cls
    SUBSCRIBERS.setdefault(cls.__name__, {})
    return cls


def subscribe(event_class: type[Any], name: str) -> Callable[[Handler], Handler]:
    """Let a function hear an event. ``name`` (``finance.issue_invoice``) is stored in deliveries: never rename it."""

    def decorate(handler: Handler) -> Handler:
        heard = SUBSCRIBERS.setdefault(event_class.__name__, {})
        if name in heard and heard[name].__module__ != handler.__module__:
            raise ValueError(f"two subscribers of {event_class.__name__} are named {name}")
        heard[name] = handler
        return handler

    return decorate


def current_correlation_id() -> str:
    """The id that ties a click to everything it caused; made anew where none is set."""
    return _correlation.get() or uuid.uuid4().hex


@contextmanager
def correlation(correlation_id: str) -> Iterator[None]:
    """Everything recorded in the block carries this id."""
    token, met = _correlation.set(correlation_id), threads._met.set({})
    try:
        yield
    finally:
        threads._met.reset(met)
        _correlation.reset(token)


def record(happened: Any) -> Message:
    """Write an event and one delivery per subscriber, in the caller's transaction. It carries the id of the thread it
    is about (threads.py), else that of the click.

    Raises InTransaction outside of one (the effect and its telling must stand or fall together).
    """
    return record_all([happened])[0]


def record_all(happened: Sequence[Any]) -> list[Message]:
    """Write some events of any kinds, in their order, each as ``record`` does: two statements for all of them.

    Raises InTransaction, and TypeError for what is no registered event.
    """
    from shop.kernel.models import Delivery, Message

    names = [type(one).__name__ for one in happened]
    for name, one in zip(names, happened, strict=True):
        if EVENTS.get(name) is not type(one):
            raise TypeError(f"{name} is not a registered event; decorate it with @event in its events.py")
        if not in_transaction():
            raise InTransaction(f"record({name}) must run inside the transaction in which it happened")
    payloads = [json.loads(json.dumps(dataclasses.asdict(one), cls=DjangoJSONEncoder)) for one in happened]
    messages = Message.objects.bulk_create(
        Message(
            name=name,
            payload=payload,
            correlation_id=threads.thread_in(payload) or current_correlation_id(),
        )
        for name, payload in zip(names, payloads, strict=True)
    )
    deliveries = Delivery.objects.bulk_create(
        Delivery(message=message, subscriber=subscriber)
        for message in messages
        for subscriber in SUBSCRIBERS[message.name]
    )
    for delivery in deliveries:
        transaction.on_commit(lambda pk=delivery.pk, who=delivery.subscriber: nudge(pk, who), robust=True)  # type: ignore[misc]
    return messages


def record_many(happened: Sequence[Any]) -> None:
    """Write many events of one kind at once, each as ``record`` does, with the id of its own thread (one query for each
    thing that has one); beyond NUDGES_MAX deliveries nobody is nudged, the sweep finds them. Raises TypeError,
    InTransaction."""
    from shop.kernel import bulk
    from shop.kernel.clock import now
    from shop.kernel.models import Delivery, Message

    if not happened:
        return
    cls = type(happened[0])
    if EVENTS.get(cls.__name__) is not cls or any(type(one) is not cls for one in happened):
        raise TypeError(f"record_many({cls.__name__}) takes registered events of one kind")
    if not in_transaction():
        raise InTransaction(
            f"record_many({cls.__name__}) must run inside the transaction in which it happened"
        )
    names = [field.name for field in dataclasses.fields(cls)]
    moment, cause = now(), current_correlation_id()
    ids = [uuid.uuid4() for _ in happened]
    payloads = ({name: getattr(one, name) for name in names} for one in happened)
    # Asked before the rows are written: PostgreSQL answers nothing else while they are copied.
    about = [threads.thread_in({name: getattr(one, name) for name in names}) or cause for one in happened]
    bulk.insert(
        Message,
        ("id", "name", "payload", "correlation_id", "recorded_at"),
        (
            (pk, cls.__name__, payload, thread, moment)
            for pk, payload, thread in zip(ids, payloads, about, strict=True)
        ),
    )
    heard = SUBSCRIBERS[cls.__name__]
    keys = bulk.reserve_ids(Delivery, len(ids) * len(heard))
    pairs = [(pk, subscriber) for pk in ids for subscriber in heard]
    bulk.insert(
        Delivery,
        ("id", "message_id", "subscriber", "state", "attempts", "next_attempt_at", "last_error"),
        (
            (key, pk, subscriber, Delivery.PENDING, 0, moment, "")
            for key, (pk, subscriber) in zip(keys, pairs, strict=True)
        ),
    )
    for key, (_pk, who) in zip(keys, pairs, strict=True) if len(keys) <= NUDGES_MAX else []:
        transaction.on_commit(lambda pk=key, who=who: nudge(pk, who), robust=True)  # type: ignore[misc]


def nudge(delivery_id: int, subscriber: str = "") -> None:
    """Ask a worker to look at a delivery now, in the queue of who is to hear it. A broken queue is not an error: the
    sweep comes by."""
    from shop.kernel.tasks import deliver_one

    queue = settings.QUEUE_OF_SUBSCRIBERS.get(subscriber.partition(".")[0], settings.QUEUES[0])
    try:
        deliver_one.apply_async((delivery_id,), queue=queue)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, delivery %s waits for the sweep: %s", delivery_id, error)


def urgency() -> Case:
    """To order deliveries by: the place of their subscriber's queue in settings.QUEUES, the most urgent first."""
    ranks = [
        When(subscriber__startswith=f"{room}.", then=settings.QUEUES.index(queue))
        for room, queue in settings.QUEUE_OF_SUBSCRIBERS.items()
    ]
    return Case(*ranks, default=0, output_field=SmallIntegerField())


def load(message: Message) -> Any:
    """The event object of a stored message; unknown fields of older or newer versions are ignored."""
    cls = EVENTS[message.name]
    known = {field.name for field in dataclasses.fields(cls)}
    return cls(**{key: value for key, value in message.payload.items() if key in known})


def deliver(delivery_id: int) -> bool:
    """Run the handler of one delivery and mark it, in one transaction. Returns whether this call did it."""
    from shop.kernel.attempts import GiveUp, attempt
    from shop.kernel.models import Delivery

    def work(delivery: Delivery) -> None:
        message = delivery.message
        handler = SUBSCRIBERS.get(message.name, {}).get(delivery.subscriber)
        if handler is None:
            raise GiveUp(f"nobody named {delivery.subscriber!r} hears {message.name} any more")
        with correlation(message.correlation_id), masks.about(lambda: masks.personal(message.payload)):
            threads.remember(message.payload, message.correlation_id)
            handler(load(message))
        _forget(message)

    return attempt(Delivery, delivery_id, work)


def _forget(message: Any) -> None:
    """Empty what an event calls ``SECRET`` (names of fields, such as a link that opens an account) once its only
    subscriber has heard it: the outbox is kept for months and read by more people than the mailbox."""
    names = getattr(EVENTS[message.name], "SECRET", ())
    if names and len(SUBSCRIBERS[message.name]) == 1:
        message.payload |= {name: type(message.payload[name])() for name in names if name in message.payload}
        message.save(update_fields=["payload"])


def drain() -> int:
    """Deliver everything that is due, here and now, until nothing is; what a worker is at just now is not waited for.
    Returns how many were done.

    For tests, commands and the sweep of a shop without a worker.
    """
    from shop.kernel.attempts import due
    from shop.kernel.models import Delivery

    done, before = 0, None
    for _ in range(DRAIN_ROUNDS_MAX):
        waiting = list(due(Delivery, BATCH).values_list("pk", flat=True))
        if not waiting or waiting == before:  # what stays due is in the hands of a worker
            return done
        before = waiting
        done += sum(deliver(pk) for pk in waiting)
    raise RuntimeError(f"deliveries still cause deliveries after {DRAIN_ROUNDS_MAX} rounds")
