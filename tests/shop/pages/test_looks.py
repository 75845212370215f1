"""One question is asked for all kept pages that readers want, and none of them is older for it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as in_force
from django.db import connection
from django.test import Client

from catalogue.partner.models import StockRecord
from shop.kernel import sharing
from shop.pages import looks, shared
from tests.factories.range import make_product, variants

from .sharing import kept as kept
from .sharing import queries_of, text

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
CHECKED_S = in_force.SHARED_CHECKED_S  #: as it is in production; tests look at each visit
PRICES = "price_currency"  #: stands in the question about price and pieces alone


@pytest.fixture
def shoes() -> list[Any]:
    return [make_product(f"Elbschuh {number}", stock=5, price_minor=9_990) for number in range(4)]


@pytest.fixture
def time_passes(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Pages are compared every minute, and time passes by this alone."""
    settings.SHARED_CHECKED_S = 60
    now = [1_000.0]
    monkeypatch.setattr(looks.time, "monotonic", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


def looked(shoe: Any) -> int:
    """How many questions about price and pieces one visit costs."""
    return sum(PRICES in query for query in queries_of(Client(), shoe.get_absolute_url()))


def test_one_look_serves_all_pages_that_were_wanted_since_their_last(
    shoes: list[Any], time_passes: Any
) -> None:
    for shoe in shoes:
        text(Client(), shoe.get_absolute_url())
    assert [looked(shoe) for shoe in shoes] == [0, 0, 0, 0], "just made"
    time_passes(61)
    assert [looked(shoe) for shoe in shoes] == [1, 0, 0, 0]
    time_passes(61)
    assert [looked(shoe) for shoe in shoes[1:]] == [1, 0, 0], (
        "the first was not wanted again, but is looked at along"
    )


def test_a_page_nobody_wants_any_more_is_not_asked_about(
    shoes: list[Any], time_passes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shoe in shoes:
        text(Client(), shoe.get_absolute_url())
    asked: list[set[int]] = []
    truth = looks.shown.now_true
    monkeypatch.setattr(looks.shown, "now_true", lambda ids: asked.append(set(ids)) or truth(asked[-1]))
    text(Client(), shoes[1].get_absolute_url())  # wanted
    time_passes(61)
    text(Client(), shoes[0].get_absolute_url())
    time_passes(61)
    text(Client(), shoes[0].get_absolute_url())
    assert asked == [{shoes[0].pk, shoes[1].pk}, {shoes[0].pk}]


def test_what_was_looked_at_along_with_another_page_is_as_new_as_that(
    shoes: list[Any], time_passes: Any
) -> None:
    first, second = shoes[0].get_absolute_url(), shoes[1].get_absolute_url()
    for url in (first, second, second):
        text(Client(), url)
    time_passes(61)
    StockRecord.objects.filter(pk=variants(shoes[1])[0].pk).update(num_in_stock=0)
    sharing.forget()
    text(Client(), first)
    assert "Ausverkauft" in text(Client(), second)


def test_one_question_names_a_bounded_number_of_products(
    shoes: list[Any], time_passes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "TOGETHER_MAX", 2)
    for shoe in [*shoes, *shoes]:
        text(Client(), shoe.get_absolute_url())
    asked: list[int] = []
    truth = looks.shown.now_true
    monkeypatch.setattr(looks.shown, "now_true", lambda ids: asked.append(len(set(ids))) or truth(ids))
    time_passes(61)
    assert sum(looked(shoe) for shoe in shoes) == len(asked) < len(shoes)
    assert max(asked) == 2, "which pages go together is nobody's promise"


SEEN: dict[str, tuple[dict[str, Any], str]] = {
    "price": ({"price": "55.50"}, "55,50"),
    "stock": ({"num_in_stock": 0}, "Ausverkauft"),
}


@pytest.mark.parametrize("change", SEEN)
def test_what_another_connection_changes_is_shown_within_a_second_of_the_shops_own_time(
    change: str, fresh_database: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SHARED_CHECKED_S = CHECKED_S
    now = [1_000.0]
    monkeypatch.setattr(looks.time, "monotonic", lambda: now[0])
    shoe = make_product("Elbschuh", stock=5, price_minor=9_990, sizes=("42",))
    fields, words = SEEN[change]
    url, record = shoe.get_absolute_url(), variants(shoe)[0].pk

    def somebody_else() -> None:
        try:
            StockRecord.objects.filter(pk=record).update(**fields)
        finally:
            connection.close()

    assert words not in text(Client(), url)
    with ThreadPoolExecutor(1) as another:
        another.submit(somebody_else).result()
    assert words not in text(Client(), url), "it is kept, or this shows nothing"
    for _ in range(40):
        now[0] += 0.05
        if words in text(Client(), url):
            break
    assert now[0] - 1_000.0 <= 1.0


def test_a_page_that_took_long_to_make_is_compared_at_the_next_question(
    shoes: list[Any], time_passes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = shared.shown.collecting

    @contextmanager
    def slowly() -> Iterator[Any]:
        with truth() as facts:
            yield facts
            time_passes(61)

    with monkeypatch.context() as patch:
        patch.setattr(shared.shown, "collecting", slowly)
        text(Client(), shoes[0].get_absolute_url())
    assert looked(shoes[0]) == 1, "what it says was read a minute ago"


def test_who_asked_earlier_and_was_slower_does_not_overwrite_what_was_found_later() -> None:
    looks.note("page", "new", (1,), 20.0)
    looks.note("page", "old", (1,), 10.0)
    assert looks._seen["page"].facts == "new"
