"""Counting what happens in many processes, for /metrics: each has a small file of numbers, a reader adds them up.

A file outlives its process; the next one that starts adds it to those of all that ended, so no count ever falls.
Nothing is asked of a database or a cache: counting costs a microsecond.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

#: What is counted; new ones at the end (the place in the file is the place here).
NAMES = ("pages_kept", "pages_made", "pages_own", "cache_refused")
PLACES = 32
_SIZE = 8 * PLACES
_guard = threading.Lock()
_mine: tuple[int, mmap.mmap] | None = None


def count(name: str) -> None:
    """One more. Never raises: a full disk must not stop a page."""
    global _mine
    with _guard, suppress(OSError):
        if _mine is None or _mine[0] != os.getpid():
            _mine = (os.getpid(), _open())
        place = 8 * NAMES.index(name)
        (before,) = struct.unpack_from("<Q", _mine[1], place)
        struct.pack_into("<Q", _mine[1], place, before + 1)


def totals() -> dict[str, int]:
    """What all processes of this machine counted, those that ended as well."""
    with _alone():
        return dict(zip(NAMES, _sum(_files()), strict=False))


def forget() -> None:
    """Begin a file anew at the next count (after the folder changed)."""
    global _mine
    with _guard:
        _mine = None


def _folder() -> Path:
    folder = Path(settings.DATA_DIR, "counters")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _files() -> list[Path]:
    return sorted(path for path in _folder().iterdir() if path.suffix == ".counts")


def _open() -> mmap.mmap:
    with _alone():
        path = _folder() / f"{os.getpid()}.counts"
        _take_over([one for one in _files() if not _lives(one) or one == path])
        path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            return mmap.mmap(file.fileno(), _SIZE)


def _take_over(ended: list[Path]) -> None:
    """Add the files of processes that ended to the one for all of them."""
    if not ended:
        return
    kept = _folder() / "ended.counts"
    sums = _sum([*ended, kept] if kept.exists() and kept not in ended else ended)
    fresh = kept.with_suffix(".part")
    fresh.write_bytes(struct.pack(f"<{PLACES}Q", *sums))
    fresh.replace(kept)
    for path in ended:
        if path != kept:
            path.unlink(missing_ok=True)


def _lives(path: Path) -> bool:
    if not path.stem.isdigit():
        return path.stem == "ended"
    try:
        os.kill(int(path.stem), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sum(files: list[Path]) -> list[int]:
    sums = [0] * PLACES
    for path in files:
        data = path.read_bytes()
        if len(data) == _SIZE:
            sums = [a + b for a, b in zip(sums, struct.unpack(f"<{PLACES}Q", data), strict=True)]
    return sums


@contextmanager
def _alone() -> Iterator[None]:
    with (_folder() / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
