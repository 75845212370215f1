"""Words: slips of the finger, synonyms, what nobody found, suggestions while typing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.partner.actions import Wish, reserve
from catalogue.search import missed
from catalogue.search.models import MissedSearch, Synonym
from tests.catalogue.search.asking import BUDGET, search, titles
from tests.factories.range import make_category, make_many, make_product, variants
from tests.support.search import Index


@pytest.mark.parametrize(
    ("typed", "meant"), [("stifel", "stiefel"), ("Reegnstiefel", "regenstiefel"), ("fjelgang", "fjellgang")]
)
def test_a_slip_of_the_finger_is_put_right_and_said(
    client: Client, search_index: Index, typed: str, meant: str
) -> None:
    make_product("Stiefel Nord", brand="Fjellgang")
    make_product("Regenstiefel", brand="Fjellgang")
    search_index.build()
    response = search(client, typed)
    assert response.context["shown_for"] == meant
    assert response.context["total"] >= 1
    assert f"„{meant}“" in response.content.decode()


def test_a_slip_in_a_word_that_stands_in_compounds_only_is_put_right(
    client: Client, search_index: Index
) -> None:
    make_product("Knick Wanderstiefel")
    make_product("Raureif Winterstiefel")
    search_index.build()
    response = search(client, "stifel")
    assert (response.context["shown_for"], response.context["total"]) == ("stiefel", 2)


def test_few_results_propose_the_other_word(client: Client, search_index: Index) -> None:
    make_product("Kork")
    for _ in range(3):
        make_product("Korb", description="ohne")
    make_product("Sohle", description="aus korx")
    search_index.build()
    response = search(client, "korx")
    assert (titles(response), response.context["meant"]) == (["Sohle"], "korb")


def test_synonyms_work_all_ways_or_one(client: Client, search_index: Index) -> None:
    make_product("Sneaker Kai")
    make_product("Laufschuh Geest")
    search_index.hear()
    assert titles(search(client, "treter")) == []
    Synonym.objects.create(words="Treter, Sneaker, Schuhe zum Laufen")
    assert sorted(titles(search(client, "treter"))) == ["Laufschuh Geest", "Sneaker Kai"]
    Synonym.objects.create(words="Flitzer, Laufschuh", one_way=True)
    assert titles(search(client, "flitzer")) == ["Laufschuh Geest"]
    assert sorted(titles(search(client, "schuhe zum laufen"))) == ["Laufschuh Geest", "Sneaker Kai"]
    assert titles(search(client, "laufschuh")) == ["Laufschuh Geest"]


def test_nothing_found_leads_on_and_is_counted_without_a_write(client: Client, search_index: Index) -> None:
    shoe = make_product("Elbschuh", category=make_category("Halbschuhe"))
    make_product("Priel")
    [record, *_rest] = variants(shoe)
    reserve([Wish(record.pk, 1, 1, 2)], expires_at=None)
    search_index.build()
    search(client, "priel")  # what marketing says is remembered for some seconds
    with CaptureQueriesContext(connection) as seen:
        response = search(client, "Hausboot  ahoi")
    assert not [q["sql"] for q in seen if q["sql"].startswith(("INSERT", "UPDATE", "DELETE", "SAVEPOINT"))]
    assert len(seen) <= BUDGET
    assert [card.title for card in response.context["leads"]] == ["Elbschuh"]
    assert "Halbschuhe" in response.content.decode()
    search(client, "hausboot ahoi")
    search(client, "erika@example.org")
    search(client, "elbschuh")
    assert missed.collect() == 2
    row = MissedSearch.objects.get()
    assert (row.words, row.language, row.times) == ("hausboot ahoi", "de", 2)
    assert missed.collect() == 0


def test_misses_of_several_hosts_come_through_the_shared_cache(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "_shares_cache", lambda: True)
    for words in ("hausboot", "hausboot", "boje"):
        missed.note(words, "de")
    assert missed.collect() == 3
    assert dict(MissedSearch.objects.values_list("words", "times")) == {"hausboot": 2, "boje": 1}
    assert missed.collect() == 0


def test_words_that_a_script_invents_fill_neither_the_table_nor_the_time_of_others(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "BYTES_MAX", 10_000_000)
    for number in range(20_000):
        missed.note(f"erfunden x{number}", "de")
    for _twice in range(2):
        missed.note("hausboot", "de", "boot")
    with CaptureQueriesContext(connection) as seen:
        assert missed.collect() == 20_002
    assert MissedSearch.objects.count() == 500
    assert MissedSearch.objects.get(words="hausboot").times == 2
    assert len(seen) <= 60
    monkeypatch.setattr(missed, "DISTINCT_A_DAY", 500)
    for words in ("hausboot", "boje"):
        missed.note(words, "de", "steg")
    assert missed.collect() == 2
    known = MissedSearch.objects.get(words="hausboot")
    assert (known.times, known.corrected) == (3, "steg")
    assert not MissedSearch.objects.filter(words="boje").exists()


def test_suggestions_show_categories_products_and_pages(client: Client, search_index: Index) -> None:
    shelf = make_category("Stiefel")
    boot = make_product("Regenstiefel Priel", category=shelf)
    make_product("Elbschuh")
    search_index.hear()
    page = client.get("/catalogue/search/suggestions/", {"q": "stief"})
    assert [one.title for one in page.context["suggestions"].categories] == ["Stiefel"]
    assert [one.url for one in page.context["suggestions"].products] == [boot.get_absolute_url()]
    assert page.content.decode().count('role="option"') == 2
    assert client.get("/catalogue/search/suggestions/", {"q": "s"}).content.strip() == b""
    home = client.get("/catalogue/").content.decode()
    assert 'data-suggest="/catalogue/search/suggestions/"' in home
    few = queries_of_part(client, "stief")
    make_many(60)
    search_index.hear()
    assert queries_of_part(client, "schuh") <= few + 1


def queries_of_part(client: Client, q: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/catalogue/search/suggestions/", {"q": q}).status_code == 200
    return len(seen)


def test_suggestions_go_on_when_the_index_does_not(
    client: Client, settings: Any, tmp_path: Any, db: None
) -> None:
    settings.SEARCH_DIR = tmp_path / "none"
    make_product("Elbschuh")
    page = client.get("/catalogue/search/suggestions/", {"q": "elbsch"})
    assert [one.title for one in page.context["suggestions"].products] == ["Elbschuh"]
