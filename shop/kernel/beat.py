"""The clock of the tasks: as many beats as one likes may run, one of them leads.

Two leaders would do no harm (every task by the clock may run twice), but twice the work. On PostgreSQL the lead is an
advisory lock of a transaction that stays open: it ends with the connection of who held it, so the next one takes over
within seconds, and a pooler that gives connections for a transaction (PgBouncer) cannot give it to somebody else. On
SQLite it is a lock on a file. A beat that does not lead opens no schedule: on one machine they would share the file.
"""

from __future__ import annotations

import fcntl
import logging
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from celery.beat import PersistentScheduler
from django.conf import settings
from django.db import DatabaseError, connection

from .work import note_failure

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
HANG_UP_S = 1.0  #: for saying good-bye to a broker that may not listen
LOCK = 0x4B6F6E74  #: a number of ours among PostgreSQL's advisory locks


class Lead:
    """The right to be the clock, held by one process."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None
        self._connection: Any = None

    def held(self) -> bool:
        """Whether we lead; tries to when nobody does."""
        return self._file_lock() if connection.vendor == "sqlite" else self._advisory_lock()

    def _file_lock(self) -> bool:
        if self._file is not None:
            return True
        handle = Path(settings.DATA_DIR, "beat.lock").open("w")  # noqa: SIM115  (held until we let go)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        self._file = handle
        return True

    def _advisory_lock(self) -> bool:
        """Asks on a connection of its own each time: a lock whose connection is gone is gone as well. Between two
        questions the transaction reads nothing, so it holds no old rows back from being cleared."""
        mine = self._connection is not None
        try:
            if not mine:
                self._connection = connection.copy()
                self._connection.set_autocommit(False)
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT 1" if mine else f"SELECT pg_try_advisory_xact_lock({LOCK})")
                if mine or cursor.fetchone()[0]:
                    return True
        except DatabaseError as error:
            log.warning("the database does not answer, nobody leads: %s", error)
        self.let_go()
        return False

    def let_go(self) -> None:
        """Another may lead."""
        if self._file is not None:
            self._file.close()
        if self._connection is not None:
            self._connection.close()
        self._file = self._connection = None


class OneLeader(PersistentScheduler):  # type: ignore[misc]
    """Celery's scheduler, which does nothing until it leads."""

    _store: Any = None
    _heap: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.lead = Lead()
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Later, when we lead."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due when we lead. Returns seconds until the next look."""
        with suppress(OSError):
            Path(settings.DATA_DIR, "beat.alive").touch()  # its age says that we tick (scripts/alive.py)
        if not self.lead.held():
            if self._store is not None:
                log.warning("this beat leads no more")
                self._store.close()
                self._store = self._heap = None
            return LOOK_EVERY_S
        if self._store is None:
            super().setup_schedule()
            log.info("this beat leads")
        return float(super().tick(*args, **kwargs))

    def apply_async(self, entry: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a task. Celery counts one that could not be sent as run: what comes once a day would wait for the next
        day. So it is noted, and the sweep asks for it again."""
        try:
            return super().apply_async(entry, *args, **kwargs)
        except Exception as error:
            self._hang_up()
            note_failure(entry.task, f"{type(error).__name__}: {error}")
            raise

    @cached_property
    def producer(self) -> Any:
        """What messages are sent with; it connects with the first of them. Celery's own waits here until there is a
        broker, and gives up the whole clock when it waited long."""
        return self.Producer(self.connection, auto_declare=False)  # type: ignore[attr-defined]  # not in the stubs

    def _hang_up(self) -> None:
        """The next message opens a connection of its own: one to RabbitMQ that broke stays broken, and Celery keeps it
        for as long as the clock runs."""
        self.__dict__.pop("producer", None)
        old = self.__dict__.pop("connection", None)
        if old is not None:
            old.collect(socket_timeout=HANG_UP_S)

    def close(self) -> None:
        """Write down what ran when, and let another lead."""
        if self._store is not None:
            super().close()
        self.lead.let_go()
