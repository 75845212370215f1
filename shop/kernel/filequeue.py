"""Kombu's filesystem transport, made safe for several processes.

Kombu writes a message under its final name, so a worker that looks at the wrong moment takes the file while it is
still empty, fails to read it as JSON, and dies. Here a message gets its name when it is complete, and a file that
cannot be read (a power cut) is left out; what it asked for is found by the sweep, because tables are the truth.
"""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps
from kombu.utils.scheduling import FairCycle

log = logging.getLogger(__name__)


class InOrder(FairCycle):  # type: ignore[misc]
    """Always begins with the first queue: the second is looked into when that is empty, and so on. Kombu's own turn
    gives each queue the same chance, so that pictures would hold up refunds."""

    def get(self, callback: Any, **kwargs: Any) -> Any:
        """The next message of the first queue that has one. Raises Empty."""
        self.pos = 0
        return super().get(callback, **kwargs)


class Channel(filesystem.Channel):  # type: ignore[misc]
    """Messages as files that are either complete or not there, taken from the most urgent queue first."""

    def _reset_cycle(self) -> None:
        self._cycle = InOrder(self._get_and_deliver, self._active_queues, Empty)

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        unfinished = folder / f"{name}.part"  # no name that _get looks for
        unfinished.write_text(dumps(payload), encoding="utf-8")
        unfinished.replace(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError as error:
            log.warning("a message of queue %s is unreadable and was left out: %s", queue, error)
            raise Empty from None


class Transport(filesystem.Transport):  # type: ignore[misc]
    """What ``filesystem://`` means in this house."""

    Channel = Channel

    @property
    def default_connection_params(self) -> dict[str, Any]:
        """Nothing: files have no host. Kombu would warn, in every process, that it takes localhost for it."""
        return {}


def install() -> None:
    """Let every ``filesystem://`` address mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
