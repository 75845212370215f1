"""While the search rests the database answers lists: what is missing in them is said, where it is missing and no longer
than that, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue import campaigns, names, queries
from catalogue.models import Colour, Product
from catalogue.search import finding
from catalogue.search.port import SearchUnavailable
from shop.kernel import parts, sharing
from shop.pages import looks
from tests.catalogue.search.asking import BUDGET, options, titles
from tests.factories.range import make_category, make_many, make_product
from tests.support.search import Index

pytestmark = pytest.mark.django_db
PAUSE = "Unsere Suche macht gerade Pause."
MISSING = "Im Moment lässt sich die Liste nicht weiter eingrenzen nach: "


@pytest.fixture
def down(settings: Any, tmp_path: Path) -> Iterator[None]:
    """There is no index."""
    settings.SEARCH_DIR = tmp_path / "none"
    finding.forget()
    yield
    finding.forget()


def notice(client: Client, url: str, **asked: Any) -> str:
    """What the list says, where script exchanges it, to readers of screens as well; "" for nothing."""
    response = client.get(url, asked)
    html = response.content.decode()
    said = str(response.context["search_notice"])
    results = html.partition('id="results"')[2].partition('class="products"')[0]
    heard = re.findall(r'<div class="notice notice--info" role="status">.*?<p>(.*?)</p>', results, re.S)
    assert heard == [said] * bool(said)
    assert html.count('class="notice ') == len(heard), "it stands once"
    return said


def rate(*products: Product) -> None:
    Product.objects.filter(pk__in=[one.pk for one in products]).update(rating=4.5)


def test_a_list_without_words_says_which_filters_are_missing(client: Client, down: None) -> None:
    top = make_category("Schuhe")
    shoe = make_product("Elbschuh", category=make_category("Stiefel", parent=top))
    for url in ("/catalogue/", top.get_absolute_url()):
        assert notice(client, url) == f"{PAUSE} {MISSING}Kategorie."
    rate(shoe)
    for url in (
        "/catalogue/",
        "/catalogue/search/",
        top.get_absolute_url(),
        f"{top.get_absolute_url()}?colour=navy",
    ):
        assert notice(client, url) == f"{PAUSE} {MISSING}Kategorie, Kundenbewertung."
    said = notice(client, f"/en{top.get_absolute_url()}")
    assert said == (
        "Our search is having a rest. For the moment the list cannot be narrowed further by: Category, Customer rating."
    )


def test_a_list_in_which_nothing_is_missing_says_nothing(client: Client, down: None) -> None:
    """No further shelf that holds one of its products, and no stars."""
    top = make_category("Schuhe")
    make_category("Stiefel", parent=top)
    navy = make_product("Elbschuh", category=top)
    sand = make_product("Priel", colours=("sand",), category=make_category("Hausschuhe", parent=top))
    rate(sand)
    make_product("Watt", category=make_category("Nirgends", parent=top, exclude_from_menu=True))
    url = top.get_absolute_url()
    assert notice(client, url) == f"{PAUSE} {MISSING}Kategorie, Kundenbewertung."
    assert titles(client.get(url, {"colour": "navy"})) == ["Watt", "Elbschuh"]
    assert notice(client, url, colour="navy") == ""
    assert notice(client, url, colour="nobody") == ""
    rate(navy)
    assert notice(client, url, colour="navy") == f"{PAUSE} {MISSING}Kundenbewertung."
    assert notice(client, make_category("Leer").get_absolute_url()) == ""


def test_what_is_missing_is_what_the_index_would_show(
    client: Client, search_index: Index, settings: Any
) -> None:
    top = make_category("Schuhe")
    make_category("Stiefel", parent=top)
    make_product("Elbschuh", category=top, colours=("navy", "moss"))
    below = make_category("Hausschuhe", parent=top)
    rate(make_product("Priel", colours=("sand",), category=below), make_product("Watt", category=below))
    search_index.hear()
    there = settings.SEARCH_DIR
    found = set()
    for asked in ({}, {"colour": "moss"}, {"colour": "sand"}, {"size": "41", "q": "elbschuh"}, {"q": "watt"}):
        for url in ("/catalogue/", top.get_absolute_url(), below.get_absolute_url()):
            settings.SEARCH_DIR = there
            page = client.get(url, asked)
            assert page.context["search_notice"] == ""
            shown = tuple(
                name
                for key, name in (("category", "Kategorie"), ("rating", "Kundenbewertung"))
                if options(page, key)
            )
            settings.SEARCH_DIR = there / "none"
            assert (MISSING in notice(client, url, **asked)) == bool(shown)
            assert notice(client, url, **asked).endswith(", ".join(shown) + "." if shown else "")
            found.add(shown)
    assert len(found) == 4, "each of both, both and none"


def test_where_one_is_chosen_the_others_are_missing(client: Client, down: None) -> None:
    top = make_category("Schuhe")
    make_product("Elbschuh", category=top)
    for key, value, name in (("category", str(top.pk), "Kategorie"), ("rating", "4", "Kundenbewertung")):
        assert name in notice(client, "/catalogue/", **{key: value})


def test_a_list_of_words_says_where_they_are_looked_for_and_what_is_missing(
    client: Client, down: None
) -> None:
    make_product("Elbschuh")
    said = notice(client, "/catalogue/search/", q="elbschuh")
    assert said.startswith(f"{PAUSE} Bis sie zurück ist, suchen wir genau Ihre Wörter")
    assert MISSING not in said
    make_product("Elbschuh", category=make_category("Schuhe"))
    said = notice(client, "/catalogue/search/", q="elbschuh")
    assert said.count(PAUSE) == 1 and said.endswith(f" {MISSING}Kategorie.")


def test_a_list_too_long_to_count_says_that_numbers_are_missing(
    client: Client, down: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many(4)
    monkeypatch.setattr(queries, "EXACT_UP_TO", 3)
    said = notice(client, "/catalogue/")
    assert said == f"{PAUSE} Die Filter zeigen so lange keine Zahlen und vielleicht nicht jeden Wert."
    make_product("Elbschuh", category=make_category("Schuhe"))
    assert notice(client, "/catalogue/").startswith(f"{PAUSE} {MISSING}Kategorie. Die Filter zeigen")


@pytest.fixture
def kept(settings: Any) -> None:
    """Pages are kept for all readers."""
    settings.SHARED_KEPT_S = settings.PARTS_KEPT_S = 60
    settings.SHARED_CHECKED_S = 0
    for forget in (caches["pages"].clear, looks.forget, parts.forget, sharing.forget):
        forget()


@pytest.mark.parametrize("url", ["/catalogue/", "/catalogue/search/?q=elbschuh"])
def test_the_notice_goes_with_the_outage_although_pages_are_kept(
    search_index: Index, kept: None, monkeypatch: pytest.MonkeyPatch, settings: Any, url: str
) -> None:
    make_product("Elbschuh", category=make_category("Schuhe"))
    search_index.hear()
    settings.SEARCH_REST_S = 60

    def broken(*args: Any, **more: Any) -> None:
        raise SearchUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(search_index.engine), "page", broken)
        assert PAUSE in Client().get(url).content.decode()
        assert PAUSE in Client().get(url).content.decode()
    with CaptureQueriesContext(connection) as asked:
        assert PAUSE in Client().get(url).content.decode(), "it rests for everybody"
    assert len(asked) <= 2, "while it rests the page is kept like any other"
    finding.forget()
    html = Client().get(url).content.decode()
    assert PAUSE not in html and "Kategorie" in html
    with CaptureQueriesContext(connection) as asked:
        assert Client().get(url).content.decode() == html
    assert len(asked) <= 2


def test_the_notice_goes_when_the_index_is_there(search_index: Index, kept: None, settings: Any) -> None:
    make_product("Elbschuh", category=make_category("Schuhe"))
    search_index.hear()
    suggestions = "/catalogue/search/suggestions/?q=elbschuhe"
    there = settings.SEARCH_DIR
    settings.SEARCH_DIR = there / "none"
    for _twice in range(2):
        assert PAUSE in Client().get("/catalogue/").content.decode()
        assert "Elbschuh" not in Client().get(suggestions).content.decode(), "letter by letter"
    settings.SEARCH_DIR = there
    assert PAUSE not in Client().get("/catalogue/").content.decode()
    assert "Elbschuh" in Client().get(suggestions).content.decode()


@pytest.mark.both_databases
@pytest.mark.parametrize("many", [2, 60])
def test_a_first_visit_while_it_rests_stays_within_the_budget(
    down: None, settings: Any, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """In a process that has shown other lists, and these colours, brands and articles never."""
    settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 60
    monkeypatch.setattr(campaigns._memory, "kept_s", 0)
    seen, new = make_category("Schuhe"), make_category("Stiefel")
    below = make_category("Gummistiefel", parent=new)
    make_product("Elbschuh", category=seen)
    colours = ("teal", "plum", "rust", "moss")
    for number in range(many):
        make_product(
            f"Priel {number}",
            category=below,
            brand=f"Neu {number}",
            colours=(colours[number % 4],),
            sizes=("41",),
        )
    reader = Client()
    parts.forget(), sharing.forget()
    assert reader.get(seen.get_absolute_url()).status_code == 200
    url = new.get_absolute_url()
    for asked in (
        url,
        f"{url}?colour=teal&colour=plum&sort=price",
        f"{url}?page=9",
        "/catalogue/search/?q=priel",
    ):
        for store in (queries._read, names._names):
            store.forget()
        cache.clear(), sharing.forget()
        with CaptureQueriesContext(connection) as spent:
            page = reader.get(asked)
        assert page.context["search_notice"] and len(titles(page)) > 0
        said = [one["sql"] for one in spent]
        assert len(said) <= BUDGET, f"{len(said)} for {asked}\n" + "\n".join(one[:150] for one in said)


@pytest.mark.both_databases
def test_names_read_at_once_are_those_of_colours_and_makers(
    client: Client, down: None, settings: Any
) -> None:
    settings.PARTS_KEPT_S = 60
    parts.forget()
    make_product("Elbschuh", colours=("teal",), brand="Älterwerk")
    for language, colour in (("", "Teal"), ("/en", "Teal in English")):
        parts.forget()
        Product.objects.first()
        Colour.objects.update(texts={"en": {"name": "Teal in English"}}, hex="#008080")
        html = client.get(f"{language}/catalogue/").content.decode()
        facets = html.partition('id="facets"')[2].partition('id="results"')[0]
        assert f"<span>{colour}</span>" in facets and 'fill="#008080"' in facets
        assert "<span>Älterwerk</span>" in facets
    parts.forget()


@pytest.mark.parametrize("url", ["/catalogue/", "/catalogue/search/suggestions/?q=elbschuh"])
def test_a_page_of_the_database_is_not_kept_where_the_search_was_late_and_does_not_rest(
    search_index: Index, kept: None, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    make_product("Elbschuh", category=make_category("Schuhe"))
    search_index.hear()

    def late(*args: Any, **more: Any) -> None:
        raise SearchUnavailable("no index of these fields", can_be_built=True)

    with monkeypatch.context() as patch:
        patch.setattr(type(search_index.engine), "page", late)
        first = Client().get(url).content
    with CaptureQueriesContext(connection) as asked:
        Client().get(url)
    assert len(asked) > 2, "it is made anew"
    assert b"Elbschuh" in first


def test_telling_its_size_is_no_answer_to_a_page(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a search that is late for every page would never rest while kept pages ask whether it is there."""
    monkeypatch.setattr(finding, "_late", 2)
    assert not finding.is_away()
    assert finding._late == 2
