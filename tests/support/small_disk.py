"""A disk of its own that can be full: a file system in memory, where the machine lets us mount one (root on Linux)."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

BALLAST = "ballast"
PIECES = (1 << 24, 1 << 20, 1 << 12)  #: bytes; the smaller ones fill what the larger leave


class CannotMount(RuntimeError):
    """Why there is no such disk here, in a sentence."""


class SmallDisk:
    """What is mounted at ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> int:
        """Take every byte that is free. Returns how many."""
        taken = 0
        with (self.folder / BALLAST).open("ab", buffering=0) as ballast:
            for piece in PIECES:
                with contextlib.suppress(OSError):
                    while True:
                        taken += ballast.write(bytes(piece))
        return taken

    def free(self) -> None:
        """Give it back."""
        (self.folder / BALLAST).unlink(missing_ok=True)

    @property
    def free_bytes(self) -> int:
        """What is left."""
        left = os.statvfs(self.folder)
        return left.f_bavail * left.f_frsize


@contextlib.contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A disk of so many megabytes at an empty folder. Raises CannotMount where that is not allowed."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise CannotMount("mounting a small disk takes root on Linux")
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode=0755"
    _do("mount", "-t", "tmpfs", "-o", options, "kontor-test", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _do("umount", "--lazy", str(folder))


def _do(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CannotMount(f"no {command[0]} here") from error
    if done.returncode:
        raise CannotMount(f"{command[0]} says: {done.stderr.strip()}")
