"""A cable between browser and server that can be pulled: a forwarder of connections on loopback.

What happens in dead spots is real here: connections break, answers are lost after the server did its work.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

CHUNK_BYTES = 65_536


class Cable:
    """``with Cable(port) as cable``: ``cable.port`` leads to the server until it is cut."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.lost_answers = 0
        self._is_cut = False
        self._loses: bytes | None = None
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Cable:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """From now on nothing gets through; what is open breaks."""
        self._is_cut = True
        for end in list(self._open):
            _close(end)

    def mend(self) -> None:
        """Everything gets through again."""
        self._is_cut = False

    def lose_answer_to(self, request_line: str) -> None:
        """Let the next request that begins like this reach the server, and break the connection when it answers."""
        self._loses = request_line.encode()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                _close(client)
                continue
            server = socket.create_connection(("localhost", self.server_port))
            self._open |= {client, server}
            if self._is_cut:  # while it was being laid
                self.cut()
            doomed = threading.Event()
            for source, target, is_request in ((client, server, True), (server, client, False)):
                work = (source, target, is_request, doomed)
                threading.Thread(target=self._carry, args=work, daemon=True).start()

    def _carry(
        self, source: socket.socket, target: socket.socket, is_request: bool, doomed: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):  # broken: as in a dead spot
            while data := source.recv(CHUNK_BYTES):
                if is_request and self._loses and data.startswith(self._loses):
                    self._loses = None
                    doomed.set()
                elif not is_request and doomed.is_set():
                    self.lost_answers += 1
                    break
                target.sendall(data)
        for end in (source, target):
            self._open.discard(end)
            _close(end)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
