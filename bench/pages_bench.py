"""What a page costs that is made anew: SQL queries and CPU per request, for a small and a large range, and whole orders
per second. Pages kept for all readers (SHARED_KEPT_S) are switched off here; peer_bench.py measures them.

Everything runs in this process through Django's test client, so that neither network nor a second process is measured.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import contextmanager
from itertools import count
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from .figures import Figure

RANGES = {"": 10, "_10000": 10_000}  #: suffix of the figure's name -> products
ROUNDS = 7  #: requests per page after warm-up; the median counts
WARM_UP = 2
ORDERS = 40
BUDGETS = {"product_page": 6, "category_page": 8, "basket_page": 8, "place_order": 25}
#: Where a transaction or a part of it begins and ends is no statement of ours, as in tests/walks/test_sql_budgets.py.
MARKS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")


def measure() -> dict[str, Figure]:
    """Figures by name; the large range is filled after the small one was measured."""
    from catalogue.search.actions import rebuild
    from tests.factories.range import make_category, make_many

    figures: dict[str, Figure] = {}
    # nothing was collected in this data folder; names without a fingerprint cost the same look-up
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = settings.STORAGES | {"staticfiles": plain}
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=storages, SHARED_KEPT_S=0):
        category, made = make_category("Schuhe"), 0
        for suffix, products in RANGES.items():
            parents = make_many(products - made, category=category)
            made = products
            rebuild()  # lists ask the index, as in a shop; without one the database answers
            figures |= _pages(suffix, category.get_absolute_url(), parents)
        figures["main.orders_per_second"] = Figure(_orders_per_second(), "orders/s")
    return figures


def _pages(suffix: str, category_url: str, parents: list[Any]) -> dict[str, Figure]:
    from catalogue.models import Product
    from tests.factories.shopping import make_variant

    product = Product.objects.get(pk=parents[0].pk)
    shopper = Client()
    _put_in_basket(shopper, make_variant(stock=1_000))
    visits: dict[str, Callable[[], Any]] = {
        "home_page": lambda: shopper.get("/"),
        "category_page": lambda: shopper.get(category_url),
        "product_page": lambda: shopper.get(product.get_absolute_url()),
        "basket_page": lambda: shopper.get(reverse("basket:summary")),
    }
    figures: dict[str, Figure] = {}
    for name, visit in visits.items():
        figures |= _figures(f"{name}", suffix, [_cost(visit) for _ in range(WARM_UP + ROUNDS)])
    costs = []
    for _ in range(WARM_UP + ROUNDS):
        client, form = _ready_to_order()
        costs.append(_cost(lambda c=client, f=form: c.post(reverse("checkout:summary"), f), "/orders/K"))  # type: ignore[misc]
    return figures | _figures("place_order", suffix, costs)


def _figures(name: str, suffix: str, costs: list[tuple[int, float]]) -> dict[str, Figure]:
    warm = costs[WARM_UP:]
    queries = max(count for count, _ in warm)
    return {
        f"main.{name}_queries{suffix}": Figure(queries, "queries", at_most=BUDGETS.get(name)),
        f"main.{name}_cpu_ms{suffix}": Figure(round(median(ms for _, ms in warm), 1), "ms of CPU"),
    }


def _cost(visit: Callable[[], Any], leads_to: str = "") -> tuple[int, float]:
    """What one request costs: (queries, milliseconds of CPU). Counting takes part of the time: a few percent."""
    with CaptureQueriesContext(connection) as queries:
        began = time.process_time()
        answer = visit()
        spent = (time.process_time() - began) * 1000
    assert answer.status_code == (302 if leads_to else 200), f"{answer.status_code}: nothing was measured"
    where = answer.headers.get("Location", "")
    assert leads_to in where, f"led to {where}: nothing was measured"
    return sum(not one["sql"].startswith(MARKS) for one in queries), spent


_numbers = count(1)
CONTACT = {
    "billing-first_name": "Erika",
    "billing-last_name": "Beispiel",
    "billing-line1": "Musterweg 1",
    "billing-postcode": "20457",
    "billing-line4": "Hamburg",
    "billing-country": "DE",
}


def _put_in_basket(client: Client, record: Any) -> None:
    answer = client.post(reverse("basket:add"), {"product_id": record.product_id, "quantity": 1})
    assert answer.status_code == 302, answer.content[:300]


def _ready_to_order() -> tuple[Client, dict[str, str]]:
    """A guest before the order button, and what the button sends."""
    from tests.factories.shopping import make_variant

    client = Client()
    _put_in_basket(client, make_variant(stock=1_000))
    email = f"kunde{next(_numbers)}@example.org"  # goods are kept for a few unpaid orders of one person only
    for step, data in (
        ("contact", CONTACT | {"email": email}),
        ("delivery", {"delivery": "home"}),
        ("payment", {"payment": "prepayment"}),
    ):
        answer = client.post(reverse(f"checkout:{step}"), data)
        assert answer.status_code == 302, (step, answer.status_code)
    page = client.get(reverse("checkout:summary")).content.decode()
    return client, dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page))


@contextmanager
def _standin() -> Any:
    from checkout.payment.standin.process import StandIn

    with (
        StandIn() as running,
        override_settings(STRIPE_SECRET_KEY=running.secret_key, STRIPE_API_BASE=running.url),
    ):
        yield


def _orders_per_second() -> float:
    """Orders placed, paid by card at the stand-in, settled, and told to every room, one after the other."""
    from checkout.payment.actions import settle, start_card_payment
    from checkout.payment.models import Payment
    from shop.kernel import inbox, outbox
    from tests.checkout.payment.shopper import pay
    from tests.factories.shopping import make_variant, place_order

    shoe = make_variant(stock=10_000)

    def order() -> None:
        payment = Payment.objects.get(order=place_order((shoe, 1)))
        pay(start_card_payment(payment=payment).id)
        settle(payment_id=payment.pk)
        while outbox.drain() + inbox.drain():
            pass

    with _standin():
        order()
        began = time.perf_counter()
        for _ in range(ORDERS):
            order()
        return round(ORDERS / (time.perf_counter() - began), 2)
