"""Taking changes in beside others: another process, a rebuild that swaps, a server that is silent."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from django.conf import settings as shop_settings
from django.db import connections

from catalogue.models import Product
from catalogue.search import actions, shape, tasks
from catalogue.search.models import Changed, Rebuild
from catalogue.search.port import Document, SearchUnavailable
from tests.factories.range import make_many, make_product
from tests.support.helpers import Queue
from tests.support.search import Index

PATIENCE_S = 20


class Silent:
    """An engine that answers nothing, after whatever patience its client has."""

    def __init__(self) -> None:
        self.asked = 0

    def update(self, documents: Sequence[Document], gone: Iterable[int]) -> None:
        """No answer."""
        self.size()

    def size(self) -> int:
        """No answer."""
        self.asked += 1
        raise SearchUnavailable("timed out")


@pytest.fixture
def silent(search_index: Index, monkeypatch: pytest.MonkeyPatch) -> Silent:
    found = Silent()
    monkeypatch.setattr("catalogue.search.actions.engine", lambda: found)
    monkeypatch.setattr("catalogue.search.tasks.engine", lambda: found)
    return found


def test_an_engine_that_is_silent_is_left_alone_for_a_while(
    silent: Silent, clock: Any, settings: Any, queue: Queue
) -> None:
    settings.SEARCH_REST_S = 10.0
    make_product("Neu", stock=1)
    tasks.take_in()
    asked = silent.asked
    assert asked
    for _second in range(9):
        clock.advance(seconds=1)
        tasks.take_in()
    assert silent.asked == asked
    clock.advance(seconds=2)
    tasks.take_in()
    assert silent.asked > asked
    assert Changed.objects.exists()


def test_a_clock_that_was_set_back_does_not_keep_the_worker_away(silent: Silent, clock: Any) -> None:
    make_product("Neu", stock=1)
    tasks.take_in()
    asked = silent.asked
    clock.advance(hours=-2)
    tasks.take_in()
    assert silent.asked > asked


def test_one_process_at_a_time_takes_changes_in(search_index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came second read a newer state, and would be overwritten by the older one."""
    late = make_product("Neu", stock=1)
    engine, second = search_index.engine, []
    update = type(engine).update

    def slow(self: Any, documents: Sequence[Document], gone: Iterable[int]) -> None:
        if not second:
            second.append(None)
            Product.objects.filter(pk=late.pk).update(is_public=False)
            second.append(actions.flush())
        update(self, documents, gone)

    monkeypatch.setattr(type(engine), "update", slow)
    actions.flush()
    assert second == [None, 0]
    assert search_index.engine.size() == 0
    assert not Changed.objects.exists()


def test_one_that_waited_too_long_in_the_queue_is_not_done(db: None) -> None:
    row = shop_settings.CELERY_BEAT_SCHEDULE["take in what the search index has to hear"]
    assert row["options"]["expires"] <= 5


def test_changes_are_taken_in_each_second(db: None) -> None:
    """A change is to be seen within two seconds: one of waiting, one of writing."""
    rows = [row for row in shop_settings.CELERY_BEAT_SCHEDULE.values() if row["task"] == "search.take_in"]
    assert rows and min(float(row["schedule"]) for row in rows) <= 1.0


def test_a_missing_index_that_is_asked_for_three_times_is_built_once(
    search_index: Index, settings: Any, tmp_path: Any
) -> None:
    make_many(2)
    settings.SEARCH_DIR = tmp_path / "new"
    Rebuild.objects.all().delete()
    for _message in range(3):
        tasks.build()
    assert Rebuild.objects.count() == 1
    assert search_index.engine.size() == 2


def test_an_index_that_is_gone_is_built_in_a_quiet_shop_too(
    search_index: Index, settings: Any, tmp_path: Any, queue: Queue
) -> None:
    make_many(2)
    search_index.build()
    tasks.look_at_once()
    settings.SEARCH_DIR = tmp_path / "restored"
    assert not Changed.objects.exists()
    tasks.take_in()
    assert queue.names() == ["search.build"]
    tasks.take_in()  # within ten seconds nobody looks again
    assert queue.names() == ["search.build"]


def test_after_a_building_that_failed_there_is_a_pause(
    search_index: Index,
    settings: Any,
    tmp_path: Any,
    queue: Queue,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_many(2)
    Changed.objects.create(product_id=1, applied=True)  # waits for a building that will not come
    settings.SEARCH_DIR = tmp_path / "new"
    with monkeypatch.context() as without:
        without.setattr("catalogue.search.actions.batches", lambda ids: iter([]))
        tasks.build()
    assert Rebuild.objects.latest("pk").state == Rebuild.FAILED
    assert not Changed.objects.filter(applied=True).exists()
    tasks.look_at_once()
    tasks.take_in()
    assert queue.names() == []
    clock.advance(seconds=61)
    tasks.look_at_once()
    tasks.take_in()
    assert queue.names() == ["search.build"]


def test_the_newest_buildings_are_remembered_and_no_more(
    search_index: Index, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "ROWS_KEPT", 2)
    for _n in range(4):
        search_index.build()
    newest = Rebuild.objects.create(version="x")
    clock.advance(minutes=6)
    actions.tidy()
    assert Rebuild.objects.count() == 2
    assert Rebuild.objects.filter(pk=newest.pk, state=Rebuild.FAILED).exists()


def test_comments_do_not_change_what_an_index_is_made_by_and_code_does() -> None:
    code = 'def one():\n    """Says something."""\n    return 1\n'
    assert shape._code(code) == shape._code(code.replace("something", "else") + "# more\n")
    assert shape._code(code) != shape._code(code.replace("return 1", "return 2"))
    assert shape.shape("embedded.py") != shape.shape("elastic.py")


def test_what_becomes_visible_late_under_an_early_number_is_taken_in(search_index: Index) -> None:
    """PostgreSQL: numbers are given out before the transactions end, and those end in any order."""
    make_many(3)
    search_index.hear()
    late = make_product("Spät", stock=1)
    search_index.hear()
    early = Changed.objects.create(product_id=late.pk).pk
    Changed.objects.filter(pk=early).delete()
    Changed.objects.create(product_id=late.pk)

    def meanwhile(done: int, total: int) -> None:
        Product.objects.filter(pk=late.pk).update(is_public=False)
        Changed.objects.filter(pk__gt=early + 1).delete()
        Changed.objects.create(pk=early, product_id=late.pk)
        assert actions.flush() == 1

    actions.rebuild(tell=meanwhile)
    assert search_index.engine.size() == 3
    assert not Changed.objects.exists()


def test_a_change_written_just_before_the_swap_is_in_the_new_index_too(
    fresh_database: None, search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many(3)
    late = make_product("Spät", stock=1)
    search_index.build()
    filled, written, swapped, put_away = (threading.Event() for _ in range(4))
    engine, flush = search_index.engine, actions.flush
    update = type(engine).update

    def write(self: Any, documents: Sequence[Document], gone: Iterable[int]) -> None:
        update(self, documents, gone)
        if threading.current_thread() is threading.main_thread() and not written.is_set():
            written.set()
            assert swapped.wait(PATIENCE_S)

    def last_flush(**chosen: Any) -> int:
        swapped.set()
        assert put_away.wait(PATIENCE_S)
        return flush(**chosen)

    def when_filled(done: int, total: int) -> None:
        filled.set()
        assert written.wait(PATIENCE_S)

    def build() -> None:
        try:
            actions.rebuild(tell=when_filled)
        finally:
            connections.close_all()

    monkeypatch.setattr(type(engine), "update", write)
    monkeypatch.setattr(actions, "flush", last_flush)
    builder = threading.Thread(target=build)
    builder.start()
    assert filled.wait(PATIENCE_S)
    Product.objects.filter(pk=late.pk).update(is_public=False)
    flush()
    put_away.set()
    builder.join(PATIENCE_S)
    assert not builder.is_alive()
    assert search_index.engine.size() == 3
    assert not Changed.objects.exists()
