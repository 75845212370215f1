"""A real Elasticsearch for tests, where it can be had: ``KONTOR_TEST_SEARCH_URL``, else the server Elastic offers for
tests as a Maven artifact (Java 17). Where neither is there, tests skip and say why, in CI too: no machine must have it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.processes import free_port

VERSION = "8.19.3"
GROUP = "org/elasticsearch/distribution/integ-test-zip/elasticsearch"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
FETCH_PATIENCE_S, START_PATIENCE_S = 120, 120
MEMORY = "-Xms384m -Xmx384m"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server, or a skip."""
    given = os.environ.get("KONTOR_TEST_SEARCH_URL")
    if given:
        yield given
        return
    java = shutil.which("java")
    if java is None:
        pytest.skip("no Java on this machine, so no Elasticsearch (or set KONTOR_TEST_SEARCH_URL)")
    with tempfile.TemporaryDirectory(prefix="kontor-elastic-") as folder:
        home = _unpacked(Path(folder))
        yield from _running(home, Path(java).resolve().parents[1], free_port())


def names(url: str, prefix: str) -> list[str]:
    """The indexes of a server that begin so."""
    with _direct.open(f"{url}/_cat/indices/{prefix}*?format=json", timeout=20) as answer:
        return [str(one["index"]) for one in json.load(answer)]


def _archive() -> Path:
    path = Path.home() / ".m2" / "repository" / GROUP / VERSION / f"elasticsearch-{VERSION}.zip"
    if not path.is_file():
        maven = shutil.which("mvn")
        if maven is None:
            pytest.skip("no Maven on this machine to fetch the test server of Elasticsearch")
        fetch = [maven, "-q", "-B", "dependency:get", f"-Dartifact={ARTIFACT}", "-Dtransitive=false"]
        try:
            subprocess.run(fetch, timeout=FETCH_PATIENCE_S, capture_output=True, check=True)
        except (subprocess.SubprocessError, OSError):
            pytest.skip("the test server of Elasticsearch could not be fetched by Maven")
    return path


def _unpacked(folder: Path) -> Path:
    with zipfile.ZipFile(_archive()) as archive:
        archive.extractall(folder)
    home = folder / f"elasticsearch-{VERSION}"
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    if os.getuid() == 0:  # it refuses to run as root
        folder.chmod(0o755)
        for path in [folder, *folder.rglob("*")]:
            shutil.chown(path, "nobody")
    return home


def _running(home: Path, java_home: Path, port: int) -> Iterator[str]:
    options = {
        "http.port": port, "discovery.type": "single-node", "network.host": "127.0.0.1",
        "xpack.security.enabled": "false",
        "transport.port": free_port(), "cluster.routing.allocation.disk.threshold_enabled": "false",
        "xpack.ml.enabled": "false",
    }  # fmt: skip
    if not (home / "modules" / "x-pack-ml").is_dir():
        options.pop("xpack.ml.enabled")
    command = [str(home / "bin" / "elasticsearch"), *(f"-E{name}={value}" for name, value in options.items())]
    environment = {
        "PATH": os.environ["PATH"], "ES_JAVA_HOME": str(java_home), "ES_JAVA_OPTS": MEMORY,
        "HOME": str(home), "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    log = (home / "said.log").open("wb")
    process = subprocess.Popen(
        command, cwd=home, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        user="nobody" if os.getuid() == 0 else None,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + START_PATIENCE_S
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > until:
                said = (home / "said.log").read_text(errors="replace")[-600:]
                pytest.skip(f"Elasticsearch did not start on this machine: {said}")
            time.sleep(0.3)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        log.close()


def _answers(url: str) -> bool:
    try:  # the server for tests has no page at its root
        with _direct.open(f"{url}/_cluster/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
