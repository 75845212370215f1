"""A worker of the web server that has grown too large ends, and another begins where it began.

What a process has once shown it keeps: templates, words, addresses, parts of pages; and what a library loses nobody
finds. Memory that Python got it rarely gives back, so the way to have it back is a new process. Requests under way are
answered first, and the other workers take what comes meanwhile: one ends at a time, and the next only once the new one
has had time to begin (docs/decisions/0106-workers-that-grew.md).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import IO

MEMORY_MB = 200.0  #: a worker holds no more than this for long (what it shares with others counted as well)
#: It has to have grown by so much: where a worker begins above the limit, ending it would change nothing.
GROWN_MB = 15.0
OVER_FOR_S = 30.0  #: one large answer is no growth
LIVES_S = 600.0  #: at least: a worker that ends before it is warm serves nobody well
WAITS_FOR_READERS_S = (
    300.0  #: when its time has come; then it ends as when the shop is stopped (graceful timeout)
)
APART_S = 60.0  #: between two that end: the new one has begun by then
_STATUS = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def held_mb() -> float:
    """Megabytes of this process in memory; 0 where the system does not say (no /proc)."""
    try:
        return int(_STATUS.read_text().split()[1]) * _PAGE_BYTES / 1_048_576
    except (OSError, IndexError, ValueError):
        return 0.0


class Growth:
    """How much a worker has grown since it began, and whether it is its turn to end.

    ``family``: names the workers of one server (the process above them); ``folder``: where they agree whose turn it is.
    """

    def __init__(self, family: int, folder: str | None = None) -> None:
        self.began_mb = 0.0
        self.began_at = time.monotonic()
        self.over_since: float | None = None
        self._turn: IO[str] | None = None
        self._place = Path(folder or tempfile.gettempdir()) / f"kontor-web-{family}.turn"

    def is_too_much(self) -> bool:
        """Whether the process is too large, and has been for a while."""
        now, now_mb = time.monotonic(), held_mb()
        self.began_mb = self.began_mb or now_mb
        if now_mb <= MEMORY_MB or now_mb - self.began_mb <= GROWN_MB:
            self.over_since = None
            return False
        self.over_since = self.over_since or now
        return now - self.over_since >= OVER_FOR_S and now - self.began_at >= LIVES_S

    def waits_for_readers(self) -> bool:
        """Whether somebody who still takes an answer is waited for. On a busy server somebody always does."""
        if self.over_since is None:
            return True
        due = max(self.over_since + OVER_FOR_S, self.began_at + LIVES_S)
        return time.monotonic() - due < WAITS_FOR_READERS_S

    def takes_its_turn(self) -> bool:
        """Whether no other worker is ending or has just ended. The turn is kept until this process is gone."""
        try:
            turn = self._place.open("a")
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_free = turn.tell() == 0 or time.time() - self._place.stat().st_mtime >= APART_S
            except OSError:  # another one is ending
                is_free = False
            if not is_free:
                turn.close()
                return False
            turn.write("one ended\n")
            turn.flush()
        except OSError:  # no place to agree at: then better large than all at once
            return False
        self._turn = turn
        return True

    def forget(self) -> None:
        """Let go of the turn (the system does so at the end of the process)."""
        if self._turn is not None:
            with contextlib.suppress(OSError):
                self._turn.close()
            self._turn = None
