"""Building anew: beside the present index, counted, compared, swapped, and nothing that changed meanwhile is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalogue.models import Product
from catalogue.search import actions, triggers
from catalogue.search.models import Changed, Rebuild
from catalogue.search.port import Only, Sought
from tests.factories.range import make_many, make_product
from tests.support.search import Index


def held(index: Index) -> int:
    return index.engine.size()


def test_triggers_are_there(db: None) -> None:
    assert triggers.missing() == []


def test_a_trigger_that_was_written_differently_takes_the_place_of_the_former(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = triggers.names()
    rows = list(triggers._TRIGGERS)
    name, table, moment, _condition, deed = rows[1]
    rows[1] = (name, table, moment, "OLD.id <> NEW.id", deed)
    monkeypatch.setattr(triggers, "_TRIGGERS", rows)
    assert triggers.missing() == [triggers.names()[1]]
    triggers.install()
    assert triggers.missing() == []
    assert triggers._there("default") == set(triggers.names()) != set(former)


def test_a_rebuild_tells_how_far_it_is_and_swaps(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalogue.search.documents.BATCH", 10)
    make_many(25)
    told: list[tuple[int, int]] = []
    row = actions.rebuild(tell=lambda done, total: told.append((done, total)))
    assert told == [(10, 25), (20, 25), (25, 25)]
    assert (row.state, row.done, held(search_index)) == (Rebuild.DONE, 25, 25)
    assert not Changed.objects.exists()


def test_what_changes_while_it_is_built_is_in_it_afterwards(search_index: Index) -> None:
    make_many(3)
    search_index.hear()
    late = make_product("Spät", stock=1)

    def meanwhile(done: int, total: int) -> None:
        Product.objects.filter(pk=late.pk).update(is_public=False)
        assert actions.flush() == 1  # the present index hears of it at once
        assert held(search_index) == 3

    actions.rebuild(tell=meanwhile)
    assert held(search_index) == 3
    assert search_index.engine.page(
        Sought(), (Only("v_a", ("1",)),), sort="newest", language="de", offset=0, limit=9
    ).ids != [late.pk]
    assert not Changed.objects.exists()


def test_an_index_that_lacks_products_is_not_used(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many(30)
    search_index.build()
    before = search_index.engine._current()  # type: ignore[attr-defined]
    monkeypatch.setattr("catalogue.search.actions.batches", lambda ids: iter([]))
    with pytest.raises(actions.RebuildFailed, match="holds 0 products, the database 30"):
        actions.rebuild()
    assert search_index.engine._current() == before  # type: ignore[attr-defined]
    assert held(search_index) == 30
    assert Rebuild.objects.filter(state=Rebuild.FAILED).count() == 1


def test_two_do_not_build_at_once_but_a_dead_one_is_no_hindrance(search_index: Index, clock: Any) -> None:
    Rebuild.objects.create()
    with pytest.raises(actions.RebuildFailed, match="another rebuild"):
        search_index.build()
    clock.advance(minutes=6)
    search_index.build()


def test_the_command_says_what_is_there(
    search_index: Index, capsys: pytest.CaptureFixture[str], settings: Any, tmp_path: Any
) -> None:
    make_many(2)
    call_command("search_index", rebuild=True, verbosity=0)
    assert "2 products in the index, 2 in the shop, 0 changes waiting" in capsys.readouterr().out
    settings.SEARCH_DIR = tmp_path / "none"
    with pytest.raises(CommandError, match="search_index --rebuild"):
        call_command("search_index")
