"""How the index and the pages hear of campaigns: one row for many products, some at a time; and of time passing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import caches
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.apps.offer.models import Benefit, ConditionalOffer, Range

from catalogue.models import Product
from catalogue.partner.models import StockRecord
from catalogue.search import actions, many, tasks, triggers, turns
from catalogue.search.models import Changed, ChangedMany
from catalogue.search.port import Document
from shop.kernel import sharing
from shop.kernel.clock import now
from shop.pages import looks
from tests.catalogue.search.asking import BUDGET, queries_of, search, titles
from tests.factories.offers import make_offer, make_range, make_voucher
from tests.factories.range import make_category, make_many, make_product
from tests.support.search import Index

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def kept(settings: Any) -> None:
    """Pages are kept, and compared at each visit: what would be within a quarter of a second is at once."""
    settings.SHARED_KEPT_S = settings.PARTS_KEPT_S = 60
    settings.SHARED_CHECKED_S = 0
    caches["pages"].clear()
    looks.forget()


def waiting() -> tuple[int, int]:
    return Changed.objects.count(), ChangedMany.objects.count()


def test_the_triggers_are_there() -> None:
    assert triggers.missing() == []


def test_what_concerns_many_products_leaves_one_row_each(search_index: Index) -> None:
    shelf = make_category("Schuhe")
    products = make_many(40, category=shelf)
    search_index.hear()
    some = make_range("Schuhe", includes_all_products=False)
    offer = make_offer("Aktion", percent=10, of=some)
    some.included_categories.add(shelf)
    assert waiting() == (0, 2)
    some.classes.add(products[0].product_class)
    Benefit.objects.filter(offers=offer).update(range=make_range())
    Range.objects.filter(pk=some.pk).update(includes_all_products=True)
    assert waiting() == (0, 5)
    some.add_product(products[0])
    assert waiting() == (1, 5)


def test_what_changes_nobodys_range_leaves_none(search_index: Index) -> None:
    make_many(3)
    search_index.hear()
    offer = make_offer("Aktion", percent=10, end_datetime=now() + dt.timedelta(days=2))
    search_index.hear()
    make_voucher("MOIN", percent=10)
    offer.suspend()
    offer.unsuspend()
    row = ConditionalOffer.objects.filter(name="Aktion")
    row.update(num_applications=7, total_discount=3, name="Anders", start_datetime=now())
    offers = ConditionalOffer.objects.filter(name="Anders")
    offers.update(end_datetime=now() + dt.timedelta(days=1))
    offer.delete()
    assert waiting() == (0, 0)


def test_a_large_range_is_taken_in_some_at_a_time_and_what_changed_by_itself_goes_before(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "BATCH", 4)
    monkeypatch.setattr(actions, "SPREAD_S", 0.0)
    shelf = make_category("Klein")
    ids = [one.pk for one in make_many(10)]
    small = make_product("Klein", category=shelf)
    search_index.build()
    written: list[list[int]] = []
    update = type(search_index.engine).update

    def noted(self: Any, documents: list[Document], gone: Any) -> None:
        written.append([one.id for one in documents])
        update(self, documents, gone)

    monkeypatch.setattr(type(search_index.engine), "update", noted)
    make_offer("Alles", percent=10)
    actions.flush()
    assert written == [ids[:4]], "a few, and readers are told"
    StockRecord.objects.filter(product__parent_id=ids[9]).update(reference_price_minor=99_999)
    of_few = make_range("Wenig", includes_all_products=False)
    of_few.included_categories.add(shelf)
    actions.flush()
    assert written[1:] == [[ids[9]], [small.pk]], (
        "what changed by itself, then the range that had no turn yet"
    )
    make_offer("Alles noch einmal", percent=5, of=Range.objects.get(name="Alles für Alles"))
    while ChangedMany.objects.exists():
        actions.flush()
    assert written[3:] == [ids[:4], ids[4:8], [*ids[8:], small.pk]], "told again, it begins once more, once"
    assert waiting() == (0, 0)


def test_a_worker_that_died_in_between_goes_on_where_it_was(
    search_index: Index, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(many, "BATCH", 2)
    make_many(5)
    search_index.build()
    make_offer("Alles", percent=10)
    many.write_out()
    assert waiting() == (2, 1)
    with monkeypatch.context() as broken:
        broken.setattr(many, "_pages_of", lambda row: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            many.write_out()
    assert waiting() == (2, 1)
    search_index.hear()
    assert len(titles(search(client, offer="1"))) == 5


def test_while_an_index_is_built_the_new_one_hears_of_it_too(search_index: Index, client: Client) -> None:
    make_many(3)

    def meanwhile(done: int, total: int) -> None:
        make_offer("Alles", percent=10)
        actions.flush()

    actions.rebuild(tell=meanwhile)
    search_index.hear()
    assert len(titles(search(client, offer="1"))) == 3
    assert waiting() == (0, 0)


def test_a_moment_is_told_once_also_by_a_worker_that_was_down(
    search_index: Index, clock: Any, settings: Any
) -> None:
    clock.stop(dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC))
    begins = now() + dt.timedelta(hours=1)
    make_offer("Kurz", percent=10, start_datetime=begins, end_datetime=begins + SECOND)
    told = []
    for moment in (
        begins - SECOND,
        begins,
        begins,
        begins + SECOND,
        begins + 2 * SECOND,
        begins + 9 * SECOND,
    ):
        clock.stop(moment)
        told.append(turns.tell())
    assert told == [False, True, False, False, True, False]
    turns.forget()  # another process of this host
    assert not turns.tell()
    make_offer("Lang", percent=10, start_datetime=now() + SECOND)
    clock.advance(hours=5)
    with CaptureQueriesContext(connection) as seen:
        tasks.take_in()
    assert any("kernel_change" in one["sql"] for one in seen), "down for hours, told by the first look"
    with CaptureQueriesContext(connection) as seen:
        assert not turns.tell()
    assert len(seen) == 1


def test_a_moment_that_could_not_be_told_is_told_the_next_second(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns.tell()
    make_offer("Kurz", percent=10, start_datetime=now())

    def busy(name: str) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as locked:
        locked.setattr(turns, "touch", busy)
        with pytest.raises(OperationalError):
            turns.tell()
    assert turns.tell() and not turns.tell()


def test_a_kept_page_shows_a_campaign_from_its_first_to_its_last_second(
    kept: None, search_index: Index, clock: Any
) -> None:
    clock.stop(dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC))
    shoe = make_product("Elbschuh", category=make_category("Schuhe"))
    begins = now() + dt.timedelta(hours=1)
    make_offer(
        "Drei für zwei", percent=33, description="Ab drei Paaren.", start_datetime=begins, end_datetime=begins
    )
    search_index.hear()
    pages = (shoe.get_absolute_url(), "/catalogue/", "/catalogue/search/?q=elbschuh")

    def shown() -> list[bool]:
        turns.tell()
        return ["Drei für zwei" in Client().get(url).content.decode() for url in pages]

    assert shown() == [False] * 3
    clock.stop(begins)
    assert shown() == [True] * 3
    page = Client().get(pages[0]).content.decode()
    assert "Ab drei Paaren." in page and "wird im Warenkorb abgezogen" in page
    assert "price__now--reduced" not in page, "no other price is shown: it is none (PAngV)"
    clock.advance(seconds=1)
    assert shown() == [False] * 3


CHANGES: dict[str, Callable[[], Any]] = {
    "suspended": lambda: ConditionalOffer.objects.update(status="Suspended"),
    "renamed": lambda: ConditionalOffer.objects.update(name="Anders"),
    "used up": lambda: ConditionalOffer.objects.update(num_applications=5),
    "all given": lambda: ConditionalOffer.objects.update(total_discount=Decimal(100)),
    "over": lambda: ConditionalOffer.objects.update(end_datetime="2020-01-01T00:00:00Z"),
    "worth nothing": lambda: Benefit.objects.update(value=0),
    "taken out": lambda: Range.included_products.through.objects.all().delete(),
    "left out": lambda: Range.objects.get().excluded_products.add(Product.objects.get(title="Elbschuh")),
    "gone": lambda: ConditionalOffer.objects.all().delete(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_ends_the_kept_pages_that_name_it(kept: None, search_index: Index, change: str) -> None:
    shoe = make_product("Elbschuh")
    of = make_range("Genannt", includes_all_products=False)
    of.add_product(shoe)
    make_offer("Aktionswoche", percent=10, of=of, max_global_applications=5, max_discount=Decimal(100))
    search_index.hear()
    urls = (shoe.get_absolute_url(), "/catalogue/")
    for url in urls:
        assert "Aktionswoche" in Client().get(url).content.decode()
    CHANGES[change]()
    for url in urls:
        assert "Aktionswoche" not in Client().get(url).content.decode()


def test_a_use_that_leaves_some_and_a_voucher_end_no_page(kept: None) -> None:
    make_offer("Aktionswoche", percent=10, max_global_applications=5)
    before = sharing.versions()
    ConditionalOffer.objects.update(num_applications=4, num_orders=4, total_discount=40)
    make_voucher("MOIN", percent=10)
    assert sharing.versions() == before


def test_pages_with_campaigns_cost_as_many_queries_for_any_number_of_them(
    client: Client, search_index: Index
) -> None:
    shelf = make_category("Schuhe")
    shoe = make_product("Elbschuh", category=shelf)
    make_offer("Erste", percent=10)
    search_index.hear()
    lists = ("/catalogue/", "/catalogue/?offer=1", "/catalogue/?offer=1&colour=navy&size=41&sort=price")
    few, page = [queries_of(client, url) for url in lists], cost(client, shoe)
    for number in range(6):
        of = make_range(f"R{number}", includes_all_products=False)
        of.included_categories.add(shelf)
        make_offer(f"O{number}", percent=5, of=of)
    make_many(50, category=shelf)
    search_index.hear()
    assert [queries_of(client, url) for url in lists] == few
    assert max(few) <= BUDGET
    assert cost(client, shoe) == page <= 6


def cost(client: Client, product: Product) -> int:
    client.get(product.get_absolute_url())
    with CaptureQueriesContext(connection) as seen:
        assert client.get(product.get_absolute_url()).status_code == 200
    return len(seen)


def test_the_database_finds_and_counts_the_same_where_the_index_is_away(
    client: Client, settings: Any, tmp_path: Any
) -> None:
    shelf = make_category("Schuhe")
    below = make_category("Stiefel", parent=shelf)
    make_product("A", category=shelf, price_minor=8_000, reference_minor=10_000)
    make_product("B", category=below, sizes=("41",))
    make_product("C", sizes=("43",))
    of = make_range("Schuhe", includes_all_products=False)
    of.included_categories.add(shelf)
    make_offer("Aktion", percent=10, of=of)
    settings.SEARCH_DIR = tmp_path / "none"
    page = client.get("/catalogue/", {"offer": "1"})
    assert titles(page) == ["B", "A"]
    sizes = next(group for group in page.context["filters"] if group["key"] == "size")
    assert {one["value"]: one["count"] for one in sizes["options"]} == {"41": 2, "42": 1}
    of_43 = client.get("/catalogue/", {"size": "43"})
    assert "offer" not in {group["key"] for group in of_43.context["filters"]}
    ConditionalOffer.objects.all().delete()
    assert titles(client.get("/catalogue/", {"offer": "1"})) == ["A"]
