"""Transactions: are we in one, and running a whole one again when the database was busy."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction

T = TypeVar("T")

RETRY_ATTEMPTS = 6  #: tries of a whole transaction before the error is shown
RETRY_FIRST_WAIT_S = 0.05  #: first pause; doubles, with jitter
#: SQLSTATE: serialization failure, deadlock detected, lock not available.
RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03"})


class InTransaction(RuntimeError):
    """Something that must happen outside a transaction was tried inside one (or the other way round)."""


def in_transaction(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether our own code has a transaction open; the one a test wraps around itself does not count."""
    return any(not getattr(block, "_from_testcase", False) for block in connections[using].atomic_blocks)


def is_retryable(error: OperationalError) -> bool:
    """Whether the database was merely busy: SQLite's lock, PostgreSQL's serialization failure or deadlock."""
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    return (
        sqlstate in RETRYABLE_SQLSTATES
        or "database is locked" in str(error)
        or "table is locked" in str(error)
    )


def retrying(work: Callable[[], T]) -> T:
    """Run ``work`` in one transaction; when the database was busy, roll back and run the whole of it again.

    ``work`` must have no effects outside the database. Inside a caller's transaction it joins that and is not retried
    (the caller's whole transaction is what must be repeated). Raises the last OperationalError after RETRY_ATTEMPTS.
    """
    if in_transaction():
        return work()
    for attempt in range(1, RETRY_ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            if attempt == RETRY_ATTEMPTS or not is_retryable(error):
                raise
            time.sleep(RETRY_FIRST_WAIT_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
    raise AssertionError("unreachable")


class _TakenBack(Exception):
    """Carries nothing: it only makes the savepoint go."""


def rehearsed(work: Callable[[], T]) -> T:
    """Do ``work`` for real and take it back: its result says what would happen, to the cent. Nothing stays."""
    found: list[T] = []
    try:
        with transaction.atomic():
            found.append(work())
            raise _TakenBack
    except _TakenBack:
        return found[0]


def forbid_network_in_transaction(what: str) -> None:
    """Called by every client of the outside world: raises InTransaction when a transaction is open.

    Why: a slow partner would hold our locks, and a rollback cannot take back what was told to the world.
    """
    if in_transaction():
        raise InTransaction(f"{what}: no network inside a transaction; write a row and let a task send it")
