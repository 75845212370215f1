"""Somebody can write to the Redis of the shop. Nothing they put there is run, shown or believed (ASVS 1.5.2)."""

from __future__ import annotations

import importlib
import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from django.conf import LazySettings
from django.core.cache import caches
from django.test import Client

from scripts.secrets_folder import contents
from shop.kernel import counters, patient_cache, signed_cache
from shop.settings import cache as cache_settings
from tests.support import brokers
from tests.support.environment import ROOT

OLD, NEW = "old-key-0123456789abcdef0123456789abcdef", "new-key-0123456789abcdef0123456789abcdef"


class RunsSomething:
    """A pickle that makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Redis]:
    """A Redis of these tests' own."""
    with brokers.Redis(tmp_path_factory.mktemp("redis")) as started:
        assert isinstance(started, brokers.Redis)
        started.wait_answers()
        yield started


@pytest.fixture
def attacker(server: brokers.Redis, settings: LazySettings, tmp_path: Path) -> Iterator[Any]:
    """Whoever else reaches the Redis that the shop keeps its pages in: a client of their own, without our key."""
    at = {
        "BACKEND": "shop.kernel.patient_cache.PatientRedis",
        "LOCATION": f"redis://127.0.0.1:{server.port}/1",
    }
    settings.CACHES = {"default": at, "pages": {**at, "KEY_PREFIX": "pages"}}
    settings.SHARED_KEPT_S = 60
    settings.DATA_DIR = tmp_path
    _begin_anew()
    with redis.Redis(port=server.port, db=1) as client:
        client.flushall()
        yield client
    _begin_anew()


def _begin_anew() -> None:
    caches._settings = caches.settings = caches.configure_settings(None)  # type: ignore[attr-defined]
    for alias in ("default", "pages"):
        if hasattr(caches._connections, alias):  # type: ignore[attr-defined]
            delattr(caches._connections, alias)  # type: ignore[attr-defined]
    for room in (counters, patient_cache, signed_cache):
        room.forget()


def refused() -> int:
    return counters.totals()["cache_refused"]


@pytest.mark.django_db
def test_a_pickle_put_into_redis_is_not_run_and_the_page_is_made_anew(
    attacker: Any, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "shop.kernel.signed_cache")
    folder = tmp_path / "run"
    payload = pickle.dumps(RunsSomething(folder))
    pickle.loads(payload)
    folder.rmdir()  # it does run where it is read
    before = client.get("/")
    pages = [key for key in attacker.scan_iter() if b"pages:" in key]
    assert pages, "the page is kept in Redis"
    for planted in (payload, bytes(signed_cache.MARK_BYTES) + payload, attacker.get(pages[0])[:32] + payload):
        for key in pages:
            attacker.set(key, planted)
        again = client.get("/")
        assert (again.status_code, again.content) == (200, before.content)
        assert not folder.exists()
        assert attacker.get(pages[0]) != planted, "it is kept anew"
    assert refused() == 3
    assert len(caplog.records) == 1, "said once, or whoever writes there fills the disk"


def test_what_was_cut_changed_or_moved_to_another_key_is_not_believed(attacker: Any) -> None:
    cache = caches["default"]
    cache.set_many({"mine": ["a"], "yours": ["b"]})
    assert cache.get_many(["mine", "yours"]) == {"mine": ["a"], "yours": ["b"]}
    mine, yours = attacker.get(":1:mine"), attacker.get(":1:yours")
    for wrong in (
        yours,
        mine[:-1],
        mine[1:],
        b"",
        mine[:32],
        mine + b".",
        b"moin",
        b"9" * 5000,
        b"1_000",
        b" 1",
    ):
        attacker.set(":1:mine", wrong)
        assert cache.get("mine", "made anew") == "made anew", wrong
        assert cache.get_many(["mine", "yours"]) == {"yours": ["b"]}
    attacker.set("pages:1:mine", mine)
    assert caches["pages"].get("mine") is None, "a kept list of one room is no page of another"
    attacker.set(":1:mine", mine)
    assert cache.get("mine") == ["a"]


def test_numbers_stay_plain_so_that_redis_counts_and_everything_else_comes_back_as_it_was(
    attacker: Any,
) -> None:
    cache = caches["default"]
    assert cache.add("many", 0) and not cache.add("many", 7)
    assert cache.incr("many") == 1 and cache.incr("many", 41) == 42 and cache.get("many") == 42
    assert attacker.get(":1:many") == b"42"
    for value in (-3, True, None, 1.5, "42", b"42", ("a", {"b": [1]}), ""):
        cache.set("one", value)
        found = cache.get("one", "nothing")
        assert (found, type(found)) == (value, type(value))
    assert refused() == 0


def test_a_former_key_is_believed_and_another_shops_is_not(attacker: Any, settings: LazySettings) -> None:
    cache = caches["default"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    cache.set("a", ["kept"])
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert cache.get("a") == ["kept"]
    settings.SECRET_KEY_FALLBACKS = []
    assert cache.get("a") is None and refused() == 1


def test_what_a_version_without_signatures_kept_is_not_met(
    attacker: Any, server: brokers.Redis, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither counted at the upgrade, which would look like an attack, nor read by that version after a way back."""
    try:
        with monkeypatch.context() as during:
            during.setenv("CACHE_URL", f"redis://127.0.0.1:{server.port}/1")
            settings.CACHES = importlib.reload(cache_settings).CACHES
    finally:
        importlib.reload(cache_settings)
    _begin_anew()
    for alias, before in (("default", ":1:mine"), ("pages", "pages:1:mine")):
        attacker.set(before, pickle.dumps("from before"))
        assert caches[alias].get("mine") is None
        caches[alias].set("mine", "new")
        assert caches[alias].get("mine") == "new" and attacker.get(before) == pickle.dumps("from before")
    assert refused() == 0


def test_the_cache_of_the_compose_file_lets_in_only_who_knows_its_password(tmp_path: Path) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert compose["redis"]["command"].split()[:2] == ["redis-server", "/run/secrets/redis_conf"]
    made = contents({})
    (tmp_path / "redis_conf").write_text(made["redis_conf"])

    class Guarded(brokers.Redis):
        def command(self) -> list[str]:
            program, *words = super().command()
            return [program, str(tmp_path / "redis_conf"), *words]

    with Guarded(tmp_path / "redis") as server:
        assert isinstance(server, Guarded)
        server.url = made["cache_url"].replace("@redis:6379", f"@127.0.0.1:{server.port}")
        server.wait_answers()
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis.from_url(server.url) as shop:
            assert shop.ping()
