"""The queue in files: no reader meets half a message, and an unreadable one stops nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.transport import filesystem

from shop.kernel import filequeue

MESSAGES = 400


@pytest.fixture
def open_channel(tmp_path: Path) -> Iterator[Any]:
    connections = []

    def open_(transport: type[Any] | str = "filesystem") -> Any:
        folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path)}
        options = folders | {"control_folder": str(tmp_path / "control"), "store_processed": False}
        connection = Connection("filesystem://", transport=transport, transport_options=options)
        connections.append(connection)
        return connection.channel()

    yield open_
    for connection in connections:
        connection.release()


def test_the_address_filesystem_means_the_safe_transport(open_channel: Any) -> None:
    import shop.celery  # noqa: F401  (it installs the transport)

    assert isinstance(open_channel(), filequeue.Channel)


def test_files_have_no_host_and_nobody_is_warned_of_it(caplog: pytest.LogCaptureFixture) -> None:
    filequeue.install()
    with Connection("filesystem://") as connection:
        connection.as_uri()
        hash(connection)
        connection.info()
    assert caplog.records == []


def test_a_message_appears_only_when_it_is_complete(
    open_channel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = open_channel()
    monkeypatch.setattr(Path, "replace", lambda *paths: None)  # stopped just before the end
    channel._put("celery", {"n": 1})
    monkeypatch.undo()
    with pytest.raises(Empty):
        channel._get("celery")
    channel._put("celery", {"n": 2})
    assert channel._get("celery") == {"n": 2}


@pytest.mark.parametrize("rubbish", [b"", b'{"n": ', b"\xff\xfe"])
def test_an_unreadable_message_is_left_out_and_the_next_one_is_read(
    open_channel: Any, tmp_path: Path, rubbish: bytes
) -> None:
    channel = open_channel()
    (tmp_path / "0_half.celery.msg").write_bytes(rubbish)
    channel._put("celery", {"n": 1})
    with pytest.raises(Empty):
        channel._get("celery")
    assert channel._get("celery") == {"n": 1}


def test_kombus_own_transport_would_have_stopped_the_worker(open_channel: Any, tmp_path: Path) -> None:
    channel = open_channel(filesystem.Transport)
    (tmp_path / "0_half.celery.msg").write_bytes(b"")
    with pytest.raises(ValueError, match="Expecting value"):
        channel._get("celery")


def test_readers_beside_writers_get_every_message_once(open_channel: Any) -> None:
    """Two of each, in threads."""
    written, read = threading.Event(), []

    def write(start: int) -> None:
        channel = open_channel()
        for n in range(start, start + MESSAGES // 2):
            channel._put("celery", {"n": n})

    def take() -> None:
        channel = open_channel()
        while True:
            done = written.is_set()
            try:
                read.append(channel._get("celery")["n"])
            except Empty:
                if done:
                    return

    readers = [threading.Thread(target=take) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(start,)) for start in (0, MESSAGES // 2)]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    written.set()
    for thread in readers:
        thread.join()
    assert sorted(read) == list(range(MESSAGES))
