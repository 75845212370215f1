"""Elasticsearch away, slow or mad: the database answers, and no page is late because of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.urls import reverse

from catalogue.partner.models import StockRecord
from catalogue.search import finding, spelling
from tests.faults.conftest import within
from tests.faults.shopper import buy, read, visitor
from tests.faults.wire import Wire, http

LIMIT_S = 0.2
NOTICE = "Unsere Suche macht gerade Pause"
ELASTIC = {"X_Elastic_Product": "Elasticsearch"}


@pytest.fixture
def elastic(wire: Wire, settings: Any, shoe: StockRecord) -> Wire:
    """The shop searches at the end of the wire."""
    settings.SEARCH_URL = f"http://127.0.0.1:{wire.port}"
    settings.SEARCH_PREFIX = f"faults-{wire.port}"
    settings.SEARCH_TIME_LIMIT_S = LIMIT_S
    return wire


def searched() -> str:
    answer = visitor().get(reverse("catalogue:search") + "?q=elbschuh")
    assert answer.status_code == 200
    return str(answer.content.decode())


def the_database_answers(shoe: StockRecord) -> None:
    text = searched()
    assert NOTICE in text
    assert shoe.product.own_or_parent.title in text
    assert visitor().get(reverse("catalogue:suggestions") + "?q=elb").status_code == 200
    client = visitor()
    read(client, shoe)
    assert buy(client, shoe).status == "awaiting_payment"


@pytest.mark.cell("Elasticsearch", "down")
@pytest.mark.parametrize("manner", ["refuse", "cut", "reset"])
def test_without_it_the_database_answers(manner: str, elastic: Wire, shoe: StockRecord) -> None:
    getattr(elastic, manner)()
    the_database_answers(shoe)


@pytest.mark.cell("Elasticsearch", "slow")
def test_a_silent_one_is_waited_for_once(elastic: Wire, shoe: StockRecord) -> None:
    elastic.silence()
    searched()
    asked = elastic.connections
    for _ in range(3):
        assert NOTICE in searched()
    assert elastic.connections == asked, "nobody asks while it rests"
    the_database_answers(shoe)


WHOLE = http(json.dumps({"hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}}).encode(), **ELASTIC)(
    b""
)
DRIPS = {
    "a head": (0, b"H" * 400),
    "more heads": (1, WHOLE[:17] + b"X-More: and more\r\n" * 40),
    "a body": (WHOLE.index(b"\r\n\r\n") + 4, WHOLE),
}


@pytest.mark.cell("Elasticsearch", "slow")
@pytest.mark.parametrize("at_once", DRIPS)
def test_one_that_drips_is_waited_for_no_longer_than_a_silent_one(
    at_once: str, elastic: Wire, shoe: StockRecord
) -> None:
    """A byte now and then, each in time: without a limit for the whole it would be 20 seconds and more."""
    begin, words = DRIPS[at_once]
    elastic.drip(words, at_once=begin, every_s=LIMIT_S / 2)
    searched_in_time()
    the_database_answers(shoe)


@pytest.mark.cell("Elasticsearch", "slow")
def test_all_questions_of_a_page_together_are_waited_for_no_longer(elastic: Wire, shoe: StockRecord) -> None:
    """Each answer is in time, and there are more of them than the page has time for."""

    def slow(asked: bytes) -> bytes:
        time.sleep(LIMIT_S * 0.7)
        return WHOLE

    elastic.say(slow)
    searched_in_time()
    the_database_answers(shoe)


BUCKETS: dict[str, Any] = {str(n): {"values": {"buckets": []}} for n in range(20)}
NOTHING: dict[str, Any] = {
    "hits": {"total": {"value": 0, "relation": "eq"}, "hits": []},
    "aggregations": BUCKETS,
}


def one_that_is_slow_at(word: bytes, seconds: float, asked_for: list[bytes]) -> Any:
    """Finds nothing; questions with this word in them take so long."""

    def answer(asked: bytes) -> bytes:
        if asked.endswith(b"\r\n\r\n"):  # the head; what is asked comes in the next piece
            return b""
        asked_for.append(asked)
        time.sleep(seconds if word in asked else 0)
        return http(json.dumps(NOTHING).encode(), **ELASTIC)(asked)

    return answer


@pytest.mark.cell("Elasticsearch", "slow")
def test_many_words_with_slips_cost_the_search_neither_its_answer_nor_a_rest(
    elastic: Wire, shoe: StockRecord
) -> None:
    asked_for: list[bytes] = []
    elastic.say(one_that_is_slow_at(b"fuzzy", LIMIT_S / 4, asked_for))
    answer = visitor().get(
        reverse("catalogue:search"), {"q": "elbschuuh wannder stifel regn jakce sokce mutze guertl"}
    )
    assert NOTICE not in answer.content.decode(), "what may be left out takes no time from the rest"
    assert len([one for one in asked_for if b"fuzzy" in one]) <= 2 * spelling.ASKED_MAX
    assert finding._resting == 0.0


@pytest.mark.cell("Elasticsearch", "slow")
def test_one_late_page_after_good_answers_puts_nobody_to_rest_and_several_do(
    elastic: Wire, shoe: StockRecord
) -> None:
    asked_for: list[bytes] = []
    elastic.say(one_that_is_slow_at(b"aggs", LIMIT_S * 2, asked_for))
    for late in range(1, finding.LATE_MAX + 1):
        assert NOTICE in searched()
        assert (finding._resting > 0.0) == (late == finding.LATE_MAX)
    asked = len(asked_for)
    assert NOTICE in searched()
    assert len(asked_for) == asked, "nobody asks while it rests"


@pytest.mark.cell("Elasticsearch", "slow")
def test_suggestions_wait_for_a_silent_one_once_and_so_does_the_search_then(
    elastic: Wire, shoe: StockRecord
) -> None:
    elastic.silence()
    for q in ("el", "elb", "elbs"):
        assert visitor().get(reverse("catalogue:suggestions"), {"q": q}).status_code == 200
    assert NOTICE in searched()
    assert elastic.connections == 1


def searched_in_time() -> None:
    """The page with the notice; asked twice, as the first also loads what every page needs."""
    finding._resting = float("inf")
    searched()
    finding.forget()
    with within(LIMIT_S + 2.5, "a page over a slow search"):
        assert NOTICE in searched()


@pytest.mark.cell("Elasticsearch", "errors")
@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal", "503 Service Unavailable"])
def test_where_it_refuses_the_database_answers(status: str, elastic: Wire, shoe: StockRecord) -> None:
    elastic.say(http(b'{"error": "circuit_breaking_exception"}', status, **ELASTIC))
    the_database_answers(shoe)


NONSENSE: list[Any] = [
    {},
    [],
    None,
    {"hits": {}},
    {"hits": {"hits": None, "total": {"value": 1}}},
    {"hits": {"total": {"value": 1}, "hits": [{"_id": "no number"}]}},
    {"hits": {"total": {"value": "x"}, "hits": []}},
    {"took": 1, "timed_out": True, "hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}},
]


@pytest.mark.cell("Elasticsearch", "wrong answer")
@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: json.dumps(body)[:40])
def test_what_is_no_answer_to_our_question_counts_as_down(
    body: Any, elastic: Wire, shoe: StockRecord
) -> None:
    elastic.say(http(json.dumps(body).encode(), **ELASTIC))
    the_database_answers(shoe)


@pytest.mark.cell("Elasticsearch", "wrong answer")
@pytest.mark.parametrize("page", [b"<html>Welcome to nginx</html>", b"\xff\xfe", b""])
def test_a_page_of_somebody_else_counts_as_down(page: bytes, elastic: Wire, shoe: StockRecord) -> None:
    elastic.say(http(page, kind="text/html"))
    the_database_answers(shoe)


@pytest.mark.cell("Elasticsearch", "wrong answer")
def test_products_that_are_gone_are_not_shown(elastic: Wire, shoe: StockRecord) -> None:
    hits = [{"_id": "987654321"}, {"_id": str(shoe.product.parent_id)}]
    buckets: dict[str, Any] = {str(n): {"values": {"buckets": []}} for n in range(20)}
    body = {"hits": {"total": {"value": 2, "relation": "eq"}, "hits": hits}, "aggregations": buckets}
    elastic.say(http(json.dumps(body).encode(), **ELASTIC))
    text = searched()
    assert shoe.product.own_or_parent.title in text
