"""A task process that is killed: the worker of the queue in files does not stand there dead for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings

from shop.kernel.processpool import EXIT_STATUS
from tests.support.environment import ROOT

PATIENCE_S = 60.0


def environment_of(folder: Path) -> dict[str, str]:
    """Without the shop's settings, and the queue that other tests are told of."""
    ours = ("DJANGO_SETTINGS_MODULE", "BROKER_URL")
    rest = {name: value for name, value in os.environ.items() if name not in ours}
    return rest | {
        "TINY_FOLDER": str(folder),
        "TINY_MEMORY_KIB": str(settings.CELERY_WORKER_MAX_MEMORY_PER_CHILD),
    }


@contextmanager
def worker(folder: Path, *, guarded: bool, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = environment_of(folder) | {"TINY_UNGUARDED": "" if guarded else "yes"} | more
    command = [
        sys.executable, "-m", "celery", "--quiet", "-A", "tests.faults.tiny_queue", "worker", "--concurrency", "2",
        "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO",
    ]  # fmt: skip
    with (folder / "said.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            assert until(
                lambda: len(children(process)) == 2 and "ready." in (folder / "said.log").read_text()
            )
            yield process
        finally:
            for pid in (*children(process), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(10)


def until(true: object, patience_s: float = PATIENCE_S) -> bool:
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if true():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """Of all its threads: the one that watches over the pool begins those that take another's place."""
    found: list[int] = []
    for listed in Path(f"/proc/{process.pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(pid) for pid in listed.read_text().split()]
    return sorted(pid for pid in found if "State:\tZ" not in _state(pid))


def ask(folder: Path, name: str = "") -> None:
    """For a task that leaves a sign of this name; without one, for one that hangs."""
    environment = environment_of(folder)
    what = f"write.delay({name!r})" if name else "hang.delay()"
    script = f"from tests.faults.tiny_queue import hang, write; {what}"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes by /proc")
def test_a_killed_process_ends_the_worker_so_that_it_is_started_again(tmp_path: Path) -> None:
    with worker(tmp_path, guarded=True) as running:
        ask(tmp_path, "first")
        assert until((tmp_path / "first").exists)
        killed, other = children(running)
        os.kill(killed, signal.SIGKILL)
        assert running.wait(PATIENCE_S) == EXIT_STATUS
        assert until(lambda: not Path(f"/proc/{other}").exists() or "State:\tZ" in _state(other))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes by /proc")
def test_the_task_whose_process_was_killed_is_told_before_the_worker_ends(tmp_path: Path) -> None:
    with worker(tmp_path, guarded=True) as running:
        ask(tmp_path)
        assert until(lambda: (tmp_path / "hanging").exists() and (tmp_path / "hanging").read_text())
        time.sleep(0.3)  # the main process hears who took it
        os.kill(int((tmp_path / "hanging").read_text()), signal.SIGKILL)
        assert running.wait(PATIENCE_S) == EXIT_STATUS
    said = (tmp_path / "killed").read_text()
    assert said.startswith(f"hang {running.pid} ") and "signal 9" in said


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes by /proc")
def test_the_main_process_hears_of_a_task_that_was_ended_for_its_time(tmp_path: Path) -> None:
    with worker(tmp_path, guarded=True) as running:
        ask(tmp_path)
        assert until(lambda: (tmp_path / "ended").exists() and (tmp_path / "ended").read_text())
        assert until((tmp_path / "again").exists), (
            "Celery tells it twice; when it does so no more, is_told_again can go"
        )
        assert (tmp_path / "ended").read_text() == f"hang {running.pid} TimeLimitExceeded\n"
        assert running.poll() is None
        assert not (tmp_path / "killed").exists(), "that is not counted a second time"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes by /proc")
def test_without_the_guard_the_worker_lives_and_does_nothing_any_more(tmp_path: Path) -> None:
    """Of two idle processes one holds the lock; when both are killed, one of them certainly did."""
    with worker(tmp_path, guarded=False) as running:
        ask(tmp_path, "first")
        assert until((tmp_path / "first").exists)
        time.sleep(0.3)  # now both are idle: nothing tells when the lock was taken
        for pid in children(running):
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(children(running)) == 2, 10)
        ask(tmp_path, "second")
        assert not until((tmp_path / "second").exists, 2.0)
        assert running.poll() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes by /proc")
@pytest.mark.parametrize("limit_kib", [1, settings.CELERY_WORKER_MAX_MEMORY_PER_CHILD])
def test_a_process_that_grew_ends_with_its_task_and_another_goes_on(tmp_path: Path, limit_kib: int) -> None:
    """It ends by itself between two tasks: nothing is lost, and the guard does not take it for one that was killed."""
    with worker(tmp_path, guarded=True, TINY_MEMORY_KIB=str(limit_kib)) as running:
        began = set(children(running))
        names = ["first", "second", "third", "fourth"]
        for name in names:
            ask(tmp_path, name)
            assert until(lambda name=name: (tmp_path / name).exists() and (tmp_path / name).read_text())
        did = [int((tmp_path / name).read_text()) for name in names]
        if limit_kib == 1:
            assert len(set(did)) == 4, "each did one task"
            assert until(lambda: began.isdisjoint(children(running)))
        else:
            assert set(did) <= began, "none grew"
        assert until(lambda: len(children(running)) == 2)
        assert running.poll() is None and not (tmp_path / "killed").exists()


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
