"""Telling others what happened: ``record(event)`` in the transaction, one delivery per subscriber afterwards."""

from .core import (
    EVENTS,
    SUBSCRIBERS,
    correlation,
    current_correlation_id,
    deliver,
    drain,
    event,
    load,
    record,
    record_all,
    record_many,
    subscribe,
)
from .threads import remember, thread_by, thread_of, thread_on

__all__ = [
    "EVENTS",
    "SUBSCRIBERS",
    "correlation",
    "current_correlation_id",
    "deliver",
    "drain",
    "event",
    "load",
    "record",
    "record_all",
    "record_many",
    "remember",
    "subscribe",
    "thread_by",
    "thread_of",
    "thread_on",
]
