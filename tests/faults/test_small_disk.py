"""The disk that the kill runner fills is full when it says so, and PostgreSQL on it comes back whole."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import pytest

from tests.support.small_disk import CannotMount, mounted


def test_a_full_disk_takes_no_byte_more_until_it_is_freed() -> None:
    with tempfile.TemporaryDirectory(prefix="kontor-disk-") as folder:
        place = Path(folder) / "disk"
        try:
            with mounted(place, 2) as disk:
                taken = disk.fill()
                assert disk.free_bytes == 0 and taken > 1_500_000
                with pytest.raises(OSError) as raised:
                    (place / "more").write_bytes(b"x")
                assert raised.value.errno == errno.ENOSPC
                disk.free()
                (place / "more").write_bytes(b"x" * 100_000)
        except CannotMount as error:
            pytest.skip(str(error))
        assert not place.is_mount()
