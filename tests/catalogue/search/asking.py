"""What the tests of search and lists ask, and how they read the answer."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

BUDGET = 8  #: SQL statements of a list, for any size of the range


def titles(response: Any) -> list[str]:
    return [card.title for card in response.context["cards"]]


def search(client: Client, q: str = "", **more: Any) -> Any:
    response = client.get("/catalogue/search/", {"q": q, **more})
    assert response.status_code == 200
    assert not response.context["search_notice"], "the database answered"
    return response


def options(response: Any, key: str) -> dict[str, int]:
    groups = {group["key"]: group for group in response.context["filters"]}
    return {option["value"]: option["count"] for option in groups[key]["options"]} if key in groups else {}


def queries_of(client: Client, url: str) -> int:
    client.get(url)
    cache.clear()
    with CaptureQueriesContext(connection) as seen:
        response = client.get(url)
    assert response.status_code == 200 and not response.context["search_notice"]
    assert not [q["sql"] for q in seen if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))], "a page wrote"
    return len(seen)
