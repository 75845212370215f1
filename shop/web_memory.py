"""A worker of the web server that has grown too large ends, and another begins where it began.

What a process has once shown it keeps: templates, words, addresses, parts of pages; and what a library loses nobody
finds. Memory that Python got it rarely gives back, so the way to have it back is a new process. Requests under way are
answered first, and the other workers take what comes meanwhile (docs/decisions/0106-workers-that-grew.md).
"""

from __future__ import annotations

import os
from pathlib import Path

MEMORY_MB = 200.0  #: a worker holds no more than this for long (what it shares with others counted as well)
#: It has to have grown by so much: where a worker begins above the limit, ending it would change nothing.
GROWN_MB = 15.0
_STATUS = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def held_mb() -> float:
    """Megabytes of this process in memory; 0 where the system does not say (no /proc)."""
    try:
        return int(_STATUS.read_text().split()[1]) * _PAGE_BYTES / 1_048_576
    except (OSError, IndexError, ValueError):
        return 0.0


class Growth:
    """How much a process has grown since this was first asked."""

    def __init__(self) -> None:
        self.began_mb = 0.0

    def is_too_much(self) -> bool:
        """Whether the process ought to end."""
        now_mb = held_mb()
        self.began_mb = self.began_mb or now_mb
        return now_mb > MEMORY_MB and now_mb - self.began_mb > GROWN_MB
