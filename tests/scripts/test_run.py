"""`make run`: one clear sentence when it cannot, everything started when it can, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import processes, run
from scripts.processes import CannotStart, Child, Supervisor, is_free
from scripts.setup import NEWER_NAMES, OLDEST
from tests.support.environment import ROOT
from tests.support.kontor import Kontor


def sleeper(name: str, script: str) -> Child:
    """A small process that stands for a part of Kontor."""
    return Child(name, [sys.executable, "-u", "-c", script], dict(os.environ))


def test_a_port_in_use_is_one_sentence_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        monkeypatch.setenv("KONTOR_DATA_DIR", str(tmp_path))
        with pytest.raises(CannotStart, match=f"port {port} is in use .* make run PORT={port + 1}"):
            run.make_plan()


@pytest.mark.parametrize("said", ["http", "0", "99999", "-1"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("PORT", said)
    with pytest.raises(CannotStart, match="is no port"):
        run.make_plan()


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "DISK_NEEDED_BYTES", 10**18)
    with pytest.raises(CannotStart, match="is full"):
        run.make_plan()


def test_two_kontors_on_one_folder_are_refused(tmp_path: Path) -> None:
    held = run.lock(tmp_path)
    script = f"from scripts.run import lock; from pathlib import Path; lock(Path({str(tmp_path)!r}))"
    second = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "runs already" in second.stderr
    held.close()


def test_an_old_python_is_one_sentence(tmp_path: Path) -> None:
    """The check runs before anything that an old Python could not read."""
    program = (
        "import sys, runpy; sys.version_info = (3, 9, 2); import shutil; shutil.which = lambda name: None\n"
        f"runpy.run_path({str(ROOT / 'scripts' / 'setup.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"kontor: needs Python {OLDEST[0]}.{OLDEST[1]} or newer, this is 3.9.2; install one, or name it: "
        "make PYTHON=/path/to/python3"
    ]
    assert NEWER_NAMES


def test_stopping_takes_the_childrens_children_along() -> None:
    script = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    lines: list[str] = []
    child = sleeper("parent", script)
    supervisor = Supervisor([child], lines.append)
    supervisor.start()
    deadline = time.monotonic() + 20
    while not lines and time.monotonic() < deadline:
        time.sleep(0.02)
    grandchild = int(lines[0].split("|")[1])
    supervisor.stop()
    for _ in range(200):
        if not _lives(grandchild):
            break
        time.sleep(0.02)
    assert not _lives(grandchild)


def _lives(pid: int) -> bool:
    """Whether the process runs (one that has ended but was not fetched yet does not)."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_ends_while_starting_is_named_with_its_last_words() -> None:
    child = Child(
        "bad", [sys.executable, "-c", "print('no such table'); raise SystemExit(3)"], dict(os.environ)
    )
    child.answers = "http://127.0.0.1:9/"
    supervisor = Supervisor([child], lambda line: None)
    with pytest.raises(CannotStart, match="bad ended while starting: no such table"):
        supervisor.start()


def test_what_crashes_over_and_over_is_not_started_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "RESTART_PAUSE_S", 0.01)
    lines: list[str] = []
    supervisor = Supervisor([sleeper("crashing", "raise SystemExit(7)")], lines.append)
    supervisor.children[0].start(lines.append)
    with pytest.raises(CannotStart, match="crashing crashed"):
        supervisor.watch()
    assert sum("starting it again" in line for line in lines) == processes.CRASHES_MAX
    supervisor.stop()


@pytest.mark.live
def test_the_whole_of_kontor_starts_survives_a_killed_worker_and_leaves_nothing_behind(
    start_kontor: Callable[[], Kontor],
) -> None:
    kontor = start_kontor()
    pids = [child.process.pid for child in kontor.supervisor.children if child.process]
    with urllib.request.urlopen(f"{kontor.url}/readyz") as answer:
        assert answer.status == 200
    kontor.kill("worker")
    assert not kontor.child("worker").is_running
    kontor.start("worker")
    kontor.supervisor.stop()
    assert not [pid for pid in pids if _lives(pid)]
    assert is_free(kontor.plan.port)


@pytest.mark.live
def test_ctrl_c_stops_everything_and_a_second_start_is_quick(tmp_path: Path) -> None:
    import shutil

    from tests.support.environment import isolated
    from tests.support.kontor import demo_shop

    shutil.copytree(demo_shop(), tmp_path, dirs_exist_ok=True)
    port = processes.free_port()
    environment = isolated(tmp_path) | {"PORT": str(port), "STANDIN_PORT": str(processes.free_port())}
    environment.pop("BROKER_URL", None)
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.run"], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        said = ""
        for line in program.stdout:
            said += line
            if "Ctrl-C stops everything" in line:
                break
        ready_s = time.monotonic() - began
        program.send_signal(signal.SIGINT)
        said += program.stdout.read()
        assert program.wait(40) == 0, said
    assert f"http://127.0.0.1:{port}/" in said
    assert "Traceback" not in said, said
    assert is_free(port)
    assert ready_s < 30, "10 s on a quiet machine; more only where many share it"
