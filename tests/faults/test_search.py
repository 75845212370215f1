"""Elasticsearch away, slow or mad: the database answers, and no page is late because of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from catalogue.partner.models import StockRecord
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
def test_without_it_the_database_answers(elastic: Wire, shoe: StockRecord) -> None:
    elastic.refuse()
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


@pytest.mark.cell("Elasticsearch", "slow")
def test_one_that_drips_is_waited_for_no_longer(elastic: Wire, shoe: StockRecord, settings: Any) -> None:
    def drip(asked: bytes) -> bytes:
        import time

        time.sleep(LIMIT_S * 0.8)
        return b"H"  # the first letter of an answer, and then for ever so

    elastic.say(drip)
    with within(LIMIT_S * 8 + 5.0, "a page over a search that drips"):
        searched()
    the_database_answers(shoe)


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
