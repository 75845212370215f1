"""One process at a time takes changes in, and an engine that did not answer is left alone for a while.

Both are files beside the index, so all workers of a host know. On PostgreSQL a lock of the session keeps workers of
other hosts away as well. The system lets go of both locks when a process dies.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import connection

from shop.kernel.clock import now

from .port import SearchUnavailable

LOCK = 815_020_026  #: key of PostgreSQL's advisory lock


@contextmanager
def taking_in() -> Iterator[bool]:
    """Whether changes are ours to take in until the end of the block; False: another process is at it.

    Raises SearchUnavailable where the folder of the index cannot be written.
    """
    try:
        handle = (folder() / "take_in.lock").open("w")
    except OSError as error:
        raise SearchUnavailable(str(error)) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with _on_all_hosts() as ours:
            yield ours


@contextmanager
def _on_all_hosts() -> Iterator[bool]:
    if connection.vendor != "postgresql":  # a SQLite file is of one host
        yield True
        return
    ours = _asked("SELECT pg_try_advisory_lock(%s)")
    try:
        yield ours
    finally:
        if ours:
            _asked("SELECT pg_advisory_unlock(%s)")


def _asked(sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [LOCK])
        return bool(cursor.fetchone()[0])


def rest() -> None:
    """The engine did not answer: nobody on this host takes changes in for ``SEARCH_REST_S``."""
    with suppress(OSError):  # without the file it is asked again at once
        (folder() / "resting").write_text(str(now().timestamp() + settings.SEARCH_REST_S))


def resting() -> bool:
    """Whether the engine is left alone at present. An end further off than a rest is long is a clock set back."""
    try:
        until = float((folder() / "resting").read_text())
    except (OSError, ValueError):
        return False
    return 0 < until - now().timestamp() <= settings.SEARCH_REST_S


def folder() -> Path:
    """The folder of the index, made where it is missing: what the workers of a host tell each other lies beside it."""
    found = Path(settings.SEARCH_DIR)
    found.mkdir(parents=True, exist_ok=True)
    return found
