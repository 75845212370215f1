"""Brokers as processes of the tests' own, on ports of this machine, their data in a folder that goes away.

Redis and RabbitMQ from the system's packages, and the embedded queue, which is files. One can be emptied, killed and
started again, with its disk or without.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from kombu import Connection, Queue

from scripts.processes import free_port
from shop.settings.tasks import QUEUES

from . import needs

PATIENCE_S = 60.0
ENDS_WITHIN_S = 20.0
DEBIANS_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Broker(ABC):
    """What carries the tasks' messages."""

    name: ClassVar[str]
    url = ""  #: BROKER_URL; empty: the embedded queue

    @abstractmethod
    def begin(self) -> None:
        """Start it, without waiting until it answers."""

    @abstractmethod
    def wait_answers(self) -> None:
        """Until it answers. Fails when it does not."""

    @abstractmethod
    def empty(self) -> int:
        """Every message that waits is lost. Returns how many were."""

    @abstractmethod
    def leave(self) -> None:
        """End it."""

    def __enter__(self) -> Broker:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()


class Files(Broker):
    """The embedded queue of a data folder."""

    name = "files"

    def __init__(self, data_folder: Path) -> None:
        self.messages = data_folder / "queue" / "messages"

    def begin(self) -> None:
        """It is there with its folder."""

    def wait_answers(self) -> None:
        """It always does."""

    def empty(self) -> int:
        """Every file that waits is gone. Returns how many were."""
        lost = 0
        for path in self.messages.glob("*"):
            with contextlib.suppress(OSError):
                path.unlink()
                lost += 1
        return lost

    def leave(self) -> None:
        """It goes with its folder."""


class ServerBroker(Broker):
    """A broker with a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it. Skips the test when it is not installed."""

    def environment(self) -> dict[str, str]:
        """What it gets."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def begin(self) -> None:
        """Start it in a process group of its own."""
        command = self.command()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait_answers(self) -> None:
        """Until a client can log in. Fails with its last lines when it does not within PATIENCE_S."""
        tick = threading.Event()
        for _ in range(int(PATIENCE_S / 0.1)):
            if self.process is None or self.process.poll() is not None:
                break
            if self._answers():
                return
            tick.wait(0.1)
        raise AssertionError(f"{self.name} does not answer:\n{self.log.read_text()[-2000:]}")

    def _answers(self) -> bool:
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
        except Exception:  # whatever the broker's library raises
            return False
        return True

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(ENDS_WITHIN_S)

    def crash(self, *, disk_lost: bool) -> None:
        """Killed, and started again at once; returns when it answers. ``disk_lost``: nothing it kept is left."""
        self.kill()
        if disk_lost:
            self.lose_disk()
        self.begin()
        self.wait_answers()

    @abstractmethod
    def lose_disk(self) -> None:
        """What it keeps on its disk is gone."""

    def leave(self) -> None:
        """End it; nobody misses what it kept."""
        self.kill()


class Redis(ServerBroker):
    """Keeps everything in memory only: whenever it crashes, everything is lost."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """What starts it."""
        server = needs.program("redis-server", "redis-server")
        return [
            str(server), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", str(self.folder),
        ]  # fmt: skip

    def empty(self) -> int:
        """FLUSHALL: also what Celery notes there beside the messages. Returns how many messages waited."""
        import redis

        with redis.Redis(port=self.port) as client:
            lost = sum(int(client.llen(queue)) for queue in QUEUES)
            client.flushall()
        return lost

    def lose_disk(self) -> None:
        """It has none."""


class RabbitMQ(ServerBroker):
    """With a port mapper (epmd) of its own: the system's would stay behind."""

    name = "rabbitmq"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mapper_port, self.node_port = free_port(), free_port()
        self.mapper: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def command(self) -> list[str]:
        """What starts it. Debian's own command would change to another user and to the system's data."""
        if DEBIANS_RABBITMQ.exists():
            return [str(DEBIANS_RABBITMQ)]
        return [str(needs.program("rabbitmq-server", "rabbitmq-server"))]

    def environment(self) -> dict[str, str]:
        """Everything in our folder, everything on loopback, no plugins; one scheduler that does not spin."""
        erlang = "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}"
        return super().environment() | {
            "RABBITMQ_NODENAME": "kontor@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.node_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": erlang,
            "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def begin(self) -> None:
        """The port mapper first; else RabbitMQ starts one that outlives it."""
        if self.mapper is None:
            self.command()  # skips before anything runs
            mapper = needs.program("epmd", "erlang-base")
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "plugins").write_text("[].\n")
            self.mapper = subprocess.Popen(
                [str(mapper), "-address", "127.0.0.1", "-port", str(self.mapper_port)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        super().begin()

    def empty(self) -> int:
        """Purge every queue. Returns how many messages waited."""
        lost = 0
        with Connection(self.url, connect_timeout=5) as connection:
            for queue in QUEUES:
                # One that nobody declared anew after a lost disk is not there; the channel ends with that answer.
                with contextlib.suppress(*connection.channel_errors), connection.channel() as channel:
                    lost += int(Queue(queue)(channel).purge() or 0)
        return lost

    def lose_disk(self) -> None:
        """Queues, messages and users are gone."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def leave(self) -> None:
        """RabbitMQ, then the port mapper."""
        super().leave()
        if self.mapper is not None:
            self.mapper.kill()
            self.mapper.wait(ENDS_WITHIN_S)


BROKERS = (Files.name, Redis.name, RabbitMQ.name)


def broker(name: str, folder: Path, data_folder: Path) -> Broker:
    """One of BROKERS. ``folder``: for what a server writes; ``data_folder``: the shop's, with the embedded queue."""
    if name == Files.name:
        return Files(data_folder)
    return Redis(folder) if name == Redis.name else RabbitMQ(folder)
