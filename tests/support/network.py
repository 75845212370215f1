"""No network inside a transaction: a slow partner would hold our locks, and a rollback cannot take back what was told.

The guard watches every socket that Python opens (database drivers open theirs in C and are not meant).
"""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable
from typing import Any

from shop.kernel.transactions import InTransaction, in_transaction

_connect: Callable[..., None] = socket.socket.connect
_connect_ex: Callable[..., int] = socket.socket.connect_ex


class NetworkGuard:
    """Refuses connections inside a transaction and remembers them, also when the code swallows the refusal."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def install(self) -> None:
        """Watch from now on."""
        guard = self

        def connect(self: socket.socket, address: Any) -> None:
            guard.check(address)
            _connect(self, address)

        def connect_ex(self: socket.socket, address: Any) -> int:
            guard.check(address)
            return _connect_ex(self, address)

        socket.socket.connect = connect  # type: ignore[method-assign, assignment]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign, assignment]

    def check(self, address: Any) -> None:
        """Raise InTransaction when our code has a transaction open."""
        if not in_transaction():
            return
        where = "".join(traceback.format_stack(limit=12)[:-2])
        self.seen.append(f"connection to {address} inside a transaction:\n{where}")
        raise InTransaction(
            f"connection to {address}: no network inside a transaction; write a row, let a task send it"
        )

    def take(self) -> list[str]:
        """What was refused since the last call."""
        seen, self.seen = self.seen, []
        return seen
