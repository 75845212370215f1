"""The wire itself does what it says, or no test on it means anything."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.wire import Wire


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(1000):
            self.request.sendall(data)


@pytest.fixture
def laid() -> Iterator[Wire]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with Wire(("127.0.0.1", server.server_address[1])) as wire:
        yield wire
    server.shutdown()
    server.server_close()


def ask(wire: Wire, words: bytes = b"moin") -> bytes:
    with socket.create_connection(("127.0.0.1", wire.port), timeout=2) as end:
        end.sendall(words)
        return end.recv(1000)


def test_it_carries_both_ways(laid: Wire) -> None:
    assert ask(laid) == b"moin"
    assert (laid.connections, laid.requests) == (1, 1)


def test_it_delays(laid: Wire) -> None:
    laid.delay(0.2)
    began = time.monotonic()
    assert ask(laid) == b"moin"
    assert time.monotonic() - began >= 0.2


def test_it_refuses_and_listens_again_on_the_same_port(laid: Wire) -> None:
    laid.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(laid)
    laid.mend()
    assert ask(laid) == b"moin"


def test_it_cuts_what_is_open_and_what_comes(laid: Wire) -> None:
    with socket.create_connection(("127.0.0.1", laid.port), timeout=2) as end:
        end.sendall(b"moin")
        assert end.recv(10) == b"moin"
        laid.cut()
        assert end.recv(10) == b""
    with pytest.raises(ConnectionError):
        assert ask(laid) == b"", "closed without a word"
        raise ConnectionError
    laid.mend()
    assert ask(laid) == b"moin"


def test_it_tears_off(laid: Wire) -> None:
    with socket.create_connection(("127.0.0.1", laid.port), timeout=2) as end:
        end.sendall(b"moin")
        assert end.recv(10) == b"moin"
        laid.reset()
        with pytest.raises(ConnectionResetError):
            end.recv(10)


def test_it_is_silent_and_says_what_it_is_told(laid: Wire) -> None:
    laid.silence()
    with pytest.raises(TimeoutError), socket.create_connection(("127.0.0.1", laid.port), timeout=0.2) as end:
        end.sendall(b"moin")
        end.recv(10)
    laid.say(b"tschuess")
    assert ask(laid) == b"tschuess"


def test_it_closes_slowly(laid: Wire) -> None:
    laid.close_slowly(0.2)
    with socket.create_connection(("127.0.0.1", laid.port), timeout=2) as end:
        end.sendall(b"moin")
        assert end.recv(10) == b"moin"
        end.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        assert end.recv(10) == b""
        assert time.monotonic() - began >= 0.15
