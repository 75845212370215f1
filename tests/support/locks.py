"""Locks between test processes (xdist's workers, two runs side by side). They end with the process that holds them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until nobody else is in the block for the same ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def hold_shared(path: Path) -> IO[str]:
    """Note that this process uses what ``path`` stands for; keep the handle open as long as that is true."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("w")
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def is_last_user(handle: IO[str]) -> bool:
    """Whether nobody but the holder of ``handle`` uses it; the holder then has it alone."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
