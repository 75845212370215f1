"""Threads: one id for all that becomes of one thing, from the click that began it to the last row of the ledger.

A request, a webhook and a night's task each begin with an id of their own. What they do about an order belongs to the
order's thread all the same: a room says how the thread of a thing is found (``thread_by("order_id", ...)``), and every
event, move, mail and posting about it carries that id. Within one block of ``correlation()`` it is asked for once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

_FINDERS: dict[str, Callable[[int], str]] = {}
_met: ContextVar[dict[tuple[str, int], str] | None] = ContextVar("threads_met", default=None)


def thread_by(field: str, find: Callable[[int], str]) -> None:
    """Things named by ``field`` (in events and models) have a thread; ``find`` gives its id, "" for none."""
    _FINDERS[field] = find


def thread_of(field: str, pk: Any) -> str:
    """The thread of a thing, "" when it has none. One query, once per block."""
    find = _FINDERS.get(field)
    if find is None or not isinstance(pk, int):
        return ""
    met = _met.get()
    if met is not None and (field, pk) in met:
        return met[field, pk]
    found = find(pk)
    if met is not None:
        met[field, pk] = found
    return found


def thread_in(values: Mapping[str, Any]) -> str:
    """The thread of what an event is about, "" when it is about nothing that has one."""
    return next((thread for field in _FINDERS if (thread := thread_of(field, values.get(field)))), "")


def thread_on(thing: Any) -> str:
    """The thread of a row: its own, or that of what it belongs to; "" for none."""
    own = getattr(thing, "correlation_id", None)
    if own:
        return str(own)
    return next((t for field in _FINDERS if (t := thread_of(field, getattr(thing, field, None)))), "")


def remember(values: Mapping[str, Any], thread: str) -> None:
    """The caller knows the thread of what ``values`` name: nobody has to look it up in this block."""
    met = _met.get()
    if met is not None and thread:
        met.update({(f, values[f]): thread for f in _FINDERS if isinstance(values.get(f), int)})


def only_one_met() -> str:
    """The thread this block was about, "" when it met none or several."""
    found = {thread for thread in (_met.get() or {}).values() if thread}
    return found.pop() if len(found) == 1 else ""
