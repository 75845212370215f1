"""What pages and orders cost in SQL, whatever the size of the range and however many lines and offers there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.checkout.test_steps import CONTACT, order_button
from tests.factories.offers import make_offer
from tests.factories.range import make_category, make_many, make_product
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db
#: Where a transaction or a part of it begins and ends: no work, and what it is depends on the test's own transaction.
MARKS = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
PRODUCT, LIST, BASKET, PLACE, WHOLE_ORDER = 6, 8, 8, 25, 120


class Spent:
    """How many statements were sent, by step."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.said: dict[str, list[str]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what happens within the block."""
        cache.clear()
        with CaptureQueriesContext(connection) as seen:
            yield
        said = [one["sql"] for one in seen.captured_queries]
        self.said[name] = [sql for sql in said if not sql.startswith(MARKS)]
        self.steps[name] += len(self.said[name])

    def within(self, name: str, budget: int) -> None:
        """Fail with the statements when a step took more."""
        assert self.steps[name] <= budget, f"{self.steps[name]} > {budget}\n" + "\n".join(
            one[:200] for one in self.said[name]
        )


def spent_on(visit: Callable[[], Any]) -> Spent:
    """The second visit: what is remembered in memory is remembered."""
    assert visit().status_code == 200
    spent = Spent()
    with spent.step("page"):
        assert visit().status_code == 200
    return spent


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_product_page_and_lists_stay_within_their_budgets(size: str) -> None:
    shoes = make_category("Schuhe")
    many = (
        {"colours": ("navy", "sand", "moss"), "sizes": tuple("3456789"), "pictures": 5}
        if size == "large"
        else {}
    )
    product = make_product("Elbschuh", category=shoes, **many)
    if size == "large":
        make_many(300, category=shoes, sizes=4)
        make_offer("Sommer", percent=5)
    reader = Client()
    spent_on(lambda: reader.get(product.get_absolute_url())).within("page", PRODUCT)
    spent_on(lambda: reader.get(f"{product.get_absolute_url()}?v=1&colour=navy&size=4")).within(
        "page", PRODUCT
    )
    category = f"/catalogue/category/{shoes.slug}_{shoes.pk}/"
    for url in (
        category,
        f"{category}?colour=navy&size=37&available=1&sort=price&page=2",
        "/catalogue/",
        "/catalogue/search/?q=schuh",
    ):
        spent_on(lambda u=url: reader.get(u)).within("page", LIST)  # type: ignore[misc]


def order(lines: int) -> Spent:
    """A guest looks, puts ``lines`` articles in the basket one by one, and orders. The putting in counts once."""
    records = [make_variant(stock=50) for _ in range(lines)]
    client, spent = Client(), Spent()
    for record in records[1:]:
        client.post(reverse("basket:add"), {"product_id": record.product_id, "quantity": 1})
    with spent.step("product"):
        assert client.get(records[0].product.get_absolute_url()).status_code == 200
    with spent.step("add"):
        client.post(reverse("basket:add"), {"product_id": records[0].product_id, "quantity": 1})
    with spent.step("basket"):
        assert client.get(reverse("basket:summary")).status_code == 200
    for name, said in (
        ("contact", CONTACT),
        ("delivery", {"delivery": "home"}),
        ("payment", {"payment": "prepayment"}),
    ):
        with spent.step(f"see {name}"):
            assert client.get(reverse(f"checkout:{name}")).status_code == 200
        with spent.step(f"send {name}"):
            assert client.post(reverse(f"checkout:{name}"), said).status_code == 302
    with spent.step("see summary"):
        page = client.get(reverse("checkout:summary"))
    with spent.step("place"):
        placed = client.post(reverse("checkout:summary"), order_button(page))
    assert placed.status_code == 302 and "/orders/K" in placed["Location"]
    with spent.step("see the order"):
        assert client.get(placed["Location"]).status_code == 200
    return spent


@pytest.mark.parametrize(("lines", "offers"), [(1, 0), (1, 3), (20, 0), (20, 3)])
def test_basket_placing_and_the_whole_order_stay_within_their_budgets(lines: int, offers: int) -> None:
    for number in range(offers):
        make_offer(f"Angebot {number}", percent=3 + number)
    order(1)  # fills what is remembered between requests
    spent = order(lines)
    spent.within("basket", BASKET)
    spent.within("place", PLACE)
    assert sum(spent.steps.values()) <= WHOLE_ORDER, dict(spent.steps)
