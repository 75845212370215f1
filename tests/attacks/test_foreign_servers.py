"""Somebody stands between the shop and those it talks to: with a certificate that nobody vouches for, or sending it on
to another address. Each client hangs up before it says anything, and follows nobody."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import LazySettings
from django.core.mail import EmailMessage, get_connection

from checkout.payment import stripe_client
from checkout.payment.stripe_client import ProviderDown
from checkout.vat_ids import vies
from fulfilment.warehouse.dispatch import dhl
from fulfilment.warehouse.dispatch.carriers import CarrierDown, CarrierRefused
from tests.support.listening import listening

ELSEWHERE = "/somewhere-else"
LOOKS_EVERY_S = 0.02
SINCE = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Key and certificate for the right name, signed by ourselves alone."""
    folder = tmp_path_factory.mktemp("papers")
    key, paper = folder / "key.pem", folder / "paper.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", str(key), "-out", str(paper)]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    return key, paper


class Between:
    """A server in the place of the one that is meant. Keeps every request that reaches it."""

    def __init__(self, papers: tuple[Path, Path] | None, status: int) -> None:
        asked = self.asked = []  # type: list[str]

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b'{"valid": true, "access_token": "t", "id": "pi_1"}'
                self.send_response(status if not self.path.endswith(ELSEWHERE) else 200)
                self.send_header("Location", ELSEWHERE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *said: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"
        if papers:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(papers[1], papers[0])
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")

    @contextmanager
    def running(self) -> Iterator[Between]:
        """Listen in a thread."""
        with listening(self.server, LOOKS_EVERY_S):
            yield self


def stripe(url: str, settings: Any) -> object:
    settings.STRIPE_API_BASE, settings.STRIPE_MAX_RETRIES = url, 0
    with pytest.raises(ProviderDown) as refused:
        stripe_client.retrieve_intent("pi_1")
    return refused.value


def carrier(url: str, settings: Any) -> object:
    settings.CARRIER_DHL_URL = url
    with pytest.raises((CarrierDown, CarrierRefused)) as refused:
        dhl.DhlParcel().find("K-1", SINCE)
    return refused.value


def register(url: str, settings: Any) -> object:
    settings.VIES_URL = url
    with pytest.raises(vies.Unanswered) as refused:
        vies.ask("DE123456789", requester="", timeout_s=5)
    return refused.value


CLIENTS: list[Callable[[str, Any], object]] = [stripe, carrier, register]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_that_nobody_vouches_for_ends_the_call(
    client: Callable[[str, Any], object], papers: tuple[Path, Path], settings: LazySettings
) -> None:
    with Between(papers, 200).running() as server:
        said = str(client(server.url, settings))
    assert server.asked == [], "nothing was said to it"
    assert "certificate" in said.lower() or "SSLError" in said


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_sent_on_to_another_address(
    client: Callable[[str, Any], object], status: int, settings: LazySettings
) -> None:
    with Between(None, status).running() as server:
        client(server.url, settings)
    assert server.asked and not [path for path in server.asked if path.endswith(ELSEWHERE)]


def test_each_thread_talks_to_stripe_in_a_session_of_its_own_that_follows_nobody(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads in one session of requests: what one was given (a cookie, a connection) could reach the other."""
    used: dict[int, set[requests.Session]] = {}
    really = requests.Session.request

    def noted(session: requests.Session, *args: Any, **kwargs: Any) -> Any:
        used.setdefault(threading.get_ident(), set()).add(session)
        return really(session, *args, **kwargs)

    monkeypatch.setattr(requests.Session, "request", noted)
    with Between(None, 307).running() as server:
        ready = threading.Barrier(2)
        settings.STRIPE_API_BASE, settings.STRIPE_MAX_RETRIES = server.url, 0

        def twice() -> None:
            ready.wait(10)
            for _call in range(2):
                with suppress(ProviderDown):
                    stripe_client.retrieve_intent("pi_1")
            ready.wait(10)  # neither is gone before the other began: their numbers differ

        threads = [threading.Thread(target=twice) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    first, second = used.values()
    assert len(first) == len(second) == 1 and first != second, "one each, kept from call to call"
    assert len(server.asked) == 4 and not [path for path in server.asked if path.endswith(ELSEWHERE)]


@contextmanager
def smtp(context: ssl.SSLContext, heard: list[bytes], at_once: bool) -> Iterator[int]:
    """A mail server for one connection, its port; keeps what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def talk() -> None:
        with suppress(OSError):
            plain, _address = listener.accept()
            plain.settimeout(10)
            talking = context.wrap_socket(plain, server_side=True) if at_once else plain
            with talking, talking.makefile("rb") as lines:
                talking.sendall(b"220 localhost\r\n")
                for line in lines:
                    heard.append(line)
                    if line.startswith(b"STARTTLS"):
                        talking.sendall(b"220 go ahead\r\n")
                        context.wrap_socket(talking, server_side=True)
                        return
                    talking.sendall(b"250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n")

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(10)
        listener.close()


@pytest.mark.parametrize("way", ["use_ssl", "use_tls"])
def test_mail_goes_to_no_server_whose_certificate_nobody_vouches_for(
    way: str, papers: tuple[Path, Path]
) -> None:
    """At once encrypted, and by STARTTLS after the greeting."""
    heard: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers[1], papers[0])
    with smtp(context, heard, at_once=way == "use_ssl") as port:
        connection = get_connection("django.core.mail.backends.smtp.EmailBackend", host="localhost", port=port,
                                    username="kontor", password="geheim", timeout=5, **{way: True})  # fmt: skip
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.send_messages([EmailMessage("Hallo", "Text", "a@example.org", ["b@example.org"])])
    assert [line.split()[0] for line in heard] == ([] if way == "use_ssl" else [b"ehlo", b"STARTTLS"])
