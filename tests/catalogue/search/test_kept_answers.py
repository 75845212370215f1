"""What the index says is asked of it once until it changes; what a page says of prices and stock is never kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from catalogue import listing
from catalogue.partner.models import StockRecord
from catalogue.search import finding, synonyms
from catalogue.search.embedded import EmbeddedEngine
from catalogue.search.kept import Answers
from catalogue.search.models import Synonym
from shop.pages import looks
from tests.factories.range import make_category, make_product, variants
from tests.support.search import Index


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[list[str]]:
    """The questions that reach the index. Pages are made each time."""
    heard: list[str] = []
    settings.SHARED_KEPT_S, settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 0, 60, 0

    def listen(name: str, former: Callable[..., Any]) -> Callable[..., Any]:
        def ask(self: EmbeddedEngine, *args: Any, **more: Any) -> Any:
            heard.append(name)
            return former(self, *args, **more)

        return ask

    for name in ("page", "counts"):
        monkeypatch.setattr(EmbeddedEngine, name, listen(name, getattr(EmbeddedEngine, name)))
    yield heard
    looks.forget()


def titles(response: Any) -> list[str]:
    return [card.title for card in response.context["cards"]]


def counts(response: Any, key: str) -> dict[str, int]:
    groups = {group["key"]: group for group in response.context["filters"]}
    return {option["value"]: option["count"] for option in groups[key]["options"]} if key in groups else {}


def test_the_same_question_is_asked_once_and_anew_after_each_change(
    client: Client, search_index: Index, asked: list[str]
) -> None:
    shoes = make_category("Schuhe")
    make_product("Elbschuh", category=shoes)
    search_index.hear()
    for url in ("/catalogue/search/?q=elbschuh", shoes.get_absolute_url()):
        asked.clear()
        first, again = client.get(url), client.get(url)
        assert titles(first) == titles(again) == ["Elbschuh"]
        assert asked == ["page", "counts"]
        assert first.content == again.content
    asked.clear()
    for url in ("/catalogue/search/?q=elbschuh&size=41", "/en/catalogue/search/?q=elbschuh"):
        client.get(url)
    assert asked.count("page") == 2, "another question, and another language"
    make_product("Elbschuh zwei", category=shoes, colours=("sand",))
    search_index.hear()
    changed = client.get("/catalogue/search/?q=elbschuh")
    assert sorted(titles(changed)) == ["Elbschuh", "Elbschuh zwei"]
    assert counts(changed, "colour") == {"navy": 1, "sand": 1}
    assert "Sand" in changed.content.decode()


@pytest.mark.parametrize("chosen", ["", "&colour=navy&size=41"])
def test_pages_and_orders_of_a_list_count_their_filters_once(
    client: Client, search_index: Index, asked: list[str], monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    for module in (finding, listing):
        monkeypatch.setattr(module, "PER_PAGE", 2)
    shoes = make_category("Schuhe")
    for number in range(5):
        make_product(f"Elbschuh {number}", category=shoes)
    search_index.hear()
    for url in ("/catalogue/search/?q=elbschuh", f"{shoes.get_absolute_url()}?"):
        asked.clear()
        first = client.get(f"{url}{chosen}")
        once = asked.count("counts")
        assert once, "the first page counts"
        pages = [
            client.get(f"{url}{chosen}{more}")
            for more in ("&page=2", "&page=3", "&sort=price", "&sort=-price&page=2")
        ]
        assert asked.count("counts") == once, "further pages take what was counted"
        assert asked.count("page") == 5
        assert titles(pages[0]) != titles(first) and len(titles(pages[1])) == 1
        for page in pages:
            assert counts(page, "colour") == counts(first, "colour") == {"navy": 5}
    make_product("Elbschuh zuletzt", category=shoes)
    search_index.hear()
    assert counts(client.get(f"{url}{chosen}&page=2"), "colour") == {"navy": 6}, (
        "what is new is counted at once"
    )


def test_a_new_synonym_asks_anew(client: Client, search_index: Index, asked: list[str]) -> None:
    make_product("Turnschuh")
    search_index.hear()
    assert titles(client.get("/catalogue/search/?q=sneaker")) == []
    Synonym.objects.create(words="sneaker, turnschuh")
    synonyms.forget()
    assert titles(client.get("/catalogue/search/?q=sneaker")) == ["Turnschuh"]


def test_price_and_stock_are_read_although_the_answer_is_kept(
    client: Client, search_index: Index, asked: list[str]
) -> None:
    product = make_product("Elbschuh", price_minor=9_990)
    search_index.hear()
    client.get("/catalogue/search/?q=elbschuh")
    asked.clear()
    StockRecord.objects.filter(pk__in=[one.pk for one in variants(product)]).update(price=80, num_in_stock=0)
    [card] = client.get("/catalogue/search/?q=elbschuh").context["cards"]
    assert asked == []
    assert (card.price_minor, card.available) == (8_000, False)


def test_filters_that_are_kept_say_what_is_chosen(
    client: Client, search_index: Index, asked: list[str]
) -> None:
    make_product("Elbschuh", colours=("navy", "sand"))
    search_index.hear()
    for _ in range(2):
        plain = client.get("/catalogue/search/?q=elbschuh").content.decode()
        chosen = client.get("/catalogue/search/?q=elbschuh&colour=sand").content.decode()
        assert 'value="sand" checked' in chosen and 'value="sand" checked' not in plain


def test_an_engine_that_cannot_tell_its_state_is_asked_each_time(
    client: Client, search_index: Index, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_product("Elbschuh")
    search_index.hear()
    monkeypatch.setattr(EmbeddedEngine, "state", lambda self: "")
    for _ in range(2):
        assert titles(client.get("/catalogue/search/?q=elbschuh")) == ["Elbschuh"]
    assert asked == ["page", "counts"] * 2


def test_only_so_many_answers_are_kept_and_all_of_one_state() -> None:
    kept: Answers[int] = Answers(most=2)
    made: list[str] = []

    def ask(state: str, key: str) -> int:
        def make() -> int:
            made.append(key)
            return len(made)

        return kept.get(state, key, make)

    assert [ask("one", key) for key in ("a", "b", "a", "c", "a", "c")] == [1, 2, 1, 3, 4, 3]
    assert ask("two", "c") == 5
    assert ask("one", "c") == 6


def test_an_answer_that_the_index_overtook_is_used_once() -> None:
    kept: Answers[str] = Answers(most=2)

    def slowly() -> str:
        kept.get("new", "other", lambda: "written meanwhile")
        return "old"

    assert kept.get("old", "key", slowly) == "old"
    assert kept.get("new", "key", lambda: "new") == "new"


def test_forgetting_asks_anew(search_index: Index, asked: list[str], client: Client) -> None:
    make_product("Elbschuh")
    search_index.hear()
    client.get("/catalogue/search/?q=elbschuh")
    finding.forget()
    client.get("/catalogue/search/?q=elbschuh")
    assert asked.count("page") == 2
