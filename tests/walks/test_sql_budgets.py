"""What pages and orders cost in SQL, whatever the size of the range and however many lines and offers there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.apps.address.models import UserAddress

from catalogue import campaigns, queries
from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from checkout.payment.models import CustomerCredit, Payment
from checkout.payment.standin.process import StandIn
from fulfilment.warehouse.stock.models import SHOP_FLOOR, Bin, BinStock, Site
from shop.kernel import sharing
from shop.kernel.clock import now
from tests.checkout.payment.shopper import pay
from tests.checkout.test_steps import CONTACT, order_button
from tests.factories.credit import give_credit
from tests.factories.offers import make_offer, make_voucher
from tests.factories.range import make_category, make_many, make_product
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db
#: Where a transaction or a part of it begins and ends: no work, and what it is depends on the test's own transaction.
MARKS = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
PRODUCT, LIST, BASKET, PLACE, WHOLE_ORDER = 6, 8, 8, 25, 120


@pytest.fixture(autouse=True)
def as_in_production(settings: Any) -> None:
    """What a process remembers of words and rules it remembers here too, and each request asks once whether that still
    holds. (In the shop four requests of a second share the question.)"""
    settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 60


class Spent:
    """How many statements were sent, by step."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.said: dict[str, list[str]] = {}
        self.marks: dict[str, list[str]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what happens within the block."""
        cache.clear()
        sharing.forget()
        with CaptureQueriesContext(connection) as seen:
            yield
        said = [one["sql"] for one in seen.captured_queries]
        self.marks[name] = [sql for sql in said if sql.startswith(MARKS)]
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
def test_a_product_page_and_lists_stay_within_their_budgets(
    size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoes = make_category("Schuhe")
    many = (
        {"colours": ("navy", "sand", "moss"), "sizes": tuple("3456789"), "pictures": 5}
        if size == "large"
        else {}
    )
    product = make_product("Elbschuh", category=shoes, **many)
    if size == "large":
        make_many(300, category=shoes, sizes=4)
        make_offer("Sommer: 5 % auf alles", percent=5)
    reader = Client()
    monkeypatch.setattr(campaigns._memory, "kept_s", 0)  # which campaigns run is known longer than a second
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


def first_visits(monkeypatch: pytest.MonkeyPatch, *, many: int) -> dict[str, Spent]:
    """In a process that has shown another article and other lists, and these never."""
    monkeypatch.setattr(campaigns._memory, "kept_s", 0)
    seen, unseen = make_category("Schuhe"), make_category("Stiefel")
    known, new = make_product("Elbschuh", category=seen), make_product("Priel", category=unseen)
    for category in (seen, unseen):
        make_product("Alster", category=category)
        make_many(many, category=category, sizes=3)
    reader = Client()

    def lists(category: Any, word: str) -> list[str]:
        whole = f"/catalogue/category/{category.slug}_{category.pk}/"
        return [whole, f"{whole}?colour=navy&sort=price", f"/catalogue/search/?q={word}"]

    make_offer(f"Herbst {many}: 10 % auf alles", percent=10, start_datetime=now() - timedelta(days=5))
    sharing.forget()  # the articles are new
    for url in (known.get_absolute_url(), *lists(seen, "elbschuh")):
        assert reader.get(url).status_code == 200
    found: dict[str, Spent] = {}
    names = ("list", "narrowed", "search")
    for name, url in zip(names, lists(unseen, "stiefel"), strict=True):
        found[name] = spent_at_first(reader, url)
        queries._read.forget()  # each of them is the first that shows these articles
    return found | {"product": spent_at_first(reader, new.get_absolute_url())}


def spent_at_first(reader: Client, url: str) -> Spent:
    """What the first visit takes."""
    spent = Spent()
    with spent.step("page"):
        assert reader.get(url).status_code == 200
    return spent


def test_a_first_visit_in_a_warm_process_stays_within_the_budgets_whatever_the_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, more = (first_visits(monkeypatch, many=many) for many in (2, 60))
    for found in (few, more):
        for name, spent in found.items():
            spent.within("page", PRODUCT if name == "product" else LIST)
    counts = [{name: spent.steps["page"] for name, spent in found.items()} for found in (few, more)]
    assert counts[0] == counts[1]
    assert all(counts[0].values()), "a page that asks nothing was no first visit"


@dataclass(frozen=True)
class Way:
    """One way to order. ``known``: a member who ordered before and so goes straight to the last page."""

    payment: str = "prepayment"
    delivery: str = "home"
    voucher: bool = False
    member: bool = False
    known: bool = False


WAYS = {
    "a guest in advance": Way(),
    "a guest by card": Way(payment="card"),
    "a guest with a voucher": Way(voucher=True),
    "a guest by card with a voucher": Way(payment="card", voucher=True),
    "a guest who fetches it": Way(delivery="pickup"),
    "a member with a saved address": Way(member=True),
    "a member by card with a voucher": Way(payment="card", voucher=True, member=True),
    "a member on account": Way(payment="invoice", member=True),
    "a member with store credit": Way(payment="credit", member=True),
    "a known member": Way(member=True, known=True),
}


class Buyer:
    """Somebody who looks, puts articles in the basket one by one, and orders in one of the ways."""

    def __init__(self, way: Way) -> None:
        self.way, self.client, self.person = way, Client(), None
        if way.member:
            self.person = make_user()
            address = {
                name.removeprefix("billing-"): said for name, said in CONTACT.items() if "billing" in name
            }
            country = address.pop("country")
            UserAddress.objects.create(
                user=self.person, country_id=country, is_default_for_billing=True,
                is_default_for_shipping=True, **address,
            )  # fmt: skip
            CustomerCredit.objects.create(user=self.person, paid_orders=1)
            if way.payment == "credit":
                give_credit(self.person, 500_000)
            self.client.force_login(self.person)
        self.contact = CONTACT | {"email": self.person.email if self.person else "erika@example.org"}

    def buys(self, lines: int) -> Spent:
        """Order ``lines`` articles. Putting in counts once: each more is a request of its own."""
        records = [make_variant(stock=50, price_minor=1_990) for _ in range(lines)]
        _lay_in_store(records)
        client, spent = self.client, Spent()
        for record in records[1:]:
            client.post(reverse("basket:add"), {"product_id": record.product_id, "quantity": 1})
        page = records[0].product.get_absolute_url()
        sharing.forget()  # the articles are new
        assert client.get(page).status_code == 200  # its parts are made
        with spent.step("product"):
            assert client.get(page).status_code == 200
        with spent.step("add"):
            client.post(reverse("basket:add"), {"product_id": records[0].product_id, "quantity": 1})
        if self.way.voucher:
            with spent.step("voucher"):
                client.post(reverse("basket:voucher_add"), {"code": "MOIN"})
        with spent.step("basket"):
            page = client.get(reverse("basket:summary"))
        assert len(page.context["lines"]) == lines
        assert [one["used"] for one in page.context["vouchers"]] == [True] * self.way.voucher
        self._goes_to_the_summary(spent)
        with spent.step("see summary"):
            page = client.get(reverse("checkout:summary"))
        with spent.step("place"):
            placed = client.post(reverse("checkout:summary"), order_button(page))
        assert placed.status_code == 302, placed.content[:300]
        self._pays(spent, placed["Location"])
        return spent

    def _goes_to_the_summary(self, spent: Spent) -> None:
        client, way = self.client, self.way
        with spent.step("start"):
            began = client.get(reverse("checkout:start"))
        ordered_before = way.known or way.payment == "credit"  # which came from an order
        first = "summary" if ordered_before else "contact"
        assert began["Location"] == reverse(f"checkout:{first}")
        steps = (
            ("contact", self.contact),
            ("delivery", {"delivery": way.delivery}),
            ("payment", {"payment": way.payment}),
        )
        for name, said in () if way.known else steps:
            with spent.step(f"see {name}"):
                assert client.get(reverse(f"checkout:{name}")).status_code == 200
            with spent.step(f"send {name}"):
                assert client.post(reverse(f"checkout:{name}"), said).status_code == 302, name

    def _pays(self, spent: Spent, where: str) -> None:
        """To the page of the order; by card over the card page and back from the provider, who is asked."""
        order = Order.objects.latest("pk")
        kept_for = "pickup" if self.way.delivery == "pickup" else "home"
        assert (order.payment_method, order.shipping_code) == (self.way.payment, kept_for)
        seen = reverse("orders:detail", kwargs={"number": order.number})
        if self.way.payment == "card":
            with spent.step("see the card page"):
                assert self.client.get(where).status_code == 200
            pay(Payment.objects.get(order=order).intent_id)
            with spent.step("back from the provider"):
                where = self.client.get(reverse("checkout:return", kwargs={"number": order.number}))[
                    "Location"
                ]
        assert where == seen
        with spent.step("see the order"):
            assert self.client.get(seen).status_code == 200
        order.refresh_from_db()
        assert order.status == ("awaiting_payment" if self.way.payment == "prepayment" else "confirmed")


def _lay_in_store(records: list[StockRecord]) -> None:
    """A store in which half of the articles lie: the page of delivery says when all are there."""
    store, _made = Site.objects.get_or_create(
        code="laden",
        defaults={"name": "Laden", "street": "Deichstr. 1", "postcode": "20459", "city": "Hamburg"},
    )
    shelf, _made = Bin.objects.get_or_create(site=store, code="V1", kind=SHOP_FLOOR)
    for record in records[::2]:
        BinStock.objects.create(bin=shelf, stockrecord=record, quantity=5)


def spent_on_an_order(way: str, lines: int) -> Spent:
    """By a process that has served such an order before."""
    buyer = Buyer(replace(WAYS[way], known=False))
    buyer.buys(1)  # fills what is remembered between requests
    if not WAYS[way].known:
        buyer = Buyer(WAYS[way])
    buyer.way = WAYS[way]
    return buyer.buys(lines)


@pytest.mark.parametrize(("lines", "offers"), [(1, 0), (1, 3), (20, 0), (20, 3), (20, -3)])
@pytest.mark.parametrize("way", WAYS)
def test_basket_placing_and_the_whole_order_stay_within_their_budgets(
    way: str, lines: int, offers: int, standin: StandIn
) -> None:
    """``offers``: so many of the shop; less than none: of which each has limits."""
    limits = {"max_global_applications": 500, "max_user_applications": 9, "max_discount": 900}
    for number in range(abs(offers)):
        make_offer(f"Angebot {number}", percent=3 + number, **(limits if offers < 0 else {}))
    if WAYS[way].voucher:
        make_voucher("MOIN", percent=10)
    spent = spent_on_an_order(way, lines)
    spent.within("product", PRODUCT)
    spent.within("basket", BASKET)
    spent.within("place", PLACE)
    assert sum(spent.steps.values()) <= WHOLE_ORDER, dict(spent.steps)


@pytest.mark.both_databases
@pytest.mark.parametrize("way", ["a guest by card with a voucher", "a known member"])
def test_any_number_of_limited_offers_costs_what_one_costs(way: str, standin: StandIn) -> None:
    """In each step of an order."""
    limits = {"max_global_applications": 500, "max_user_applications": 9, "max_discount": 900}
    make_voucher("MOIN", percent=10)
    there, found = 0, []
    for offers in (1, 12, 13, 60):
        for number in range(there, offers):
            make_offer(f"Angebot {number}", percent=1, **limits)
        there = offers
        found.append(spent_on_an_order(way, 3))
    first, *others = found
    for spent in others:
        assert spent.steps == first.steps
    first.within("basket", BASKET)
    first.within("place", PLACE)
    assert sum(first.steps.values()) <= WHOLE_ORDER, dict(first.steps)
