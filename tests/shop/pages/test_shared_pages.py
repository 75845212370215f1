"""Pages that all readers share: fast, with everybody's own basket count, and never untrue about price or stock."""

from __future__ import annotations

import datetime as dt
import gzip
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as in_force
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Page, PageViewRestriction

from catalogue.models import Category, Product
from catalogue.partner.actions import change_stock
from catalogue.partner.models import StockRecord
from catalogue.partner.prices import set_price
from catalogue.search.models import Boost
from fulfilment.warehouse.picking.models import CutOff
from fulfilment.warehouse.stock.models import SHOP_FLOOR, Site
from shop.kernel import guards, parts, sharing
from shop.kernel.memory import Memory
from shop.kernel.models import Change
from shop.pages import shared, triggers
from shop.pages.actions import write_home, write_page
from shop.pages.context import forms
from tests.factories.people import make_user
from tests.factories.range import make_category, make_many, make_product, variants
from tests.factories.stock import make_bin, make_site
from tests.support.search import Index

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _kept(settings: Any) -> None:
    """Pages are kept, and compared at each visit: what would be within a quarter of a second is at once."""
    settings.SHARED_KEPT_S = settings.PARTS_KEPT_S = 60
    settings.SHARED_CHECKED_S = 0
    caches["pages"].clear()
    shared.forget()


@pytest.fixture
def shop() -> dict[str, Any]:
    category = make_category("Schuhe")
    shoe = make_product("Elbschuh", category=category, stock=5, price_minor=9_990)
    return {
        "shoe": shoe,
        "record": variants(shoe)[0],
        "product": shoe.get_absolute_url(),
        "category": f"/catalogue/category/{category.slug}_{category.pk}/",
        "node": category,
        "search": "/catalogue/search/?q=elbschuh",
        "range": "/catalogue/",
        "home": "/",
    }


PAGES = ["product", "category", "search", "range", "home"]


def queries_of(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return [one["sql"] for one in seen.captured_queries]


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("page", PAGES)
def test_the_second_reader_gets_what_was_made_for_the_first(page: str, shop: dict[str, Any]) -> None:
    first, second = Client(), Client()
    made = text(first, shop[page])
    asked = queries_of(second, shop[page])
    assert len(asked) <= 2, "what was changed, and whether price and stock still hold"
    assert text(second, shop[page]) == made
    assert "Elbschuh" in made


def test_between_two_looks_a_shared_page_asks_nothing(shop: dict[str, Any], settings: Any) -> None:
    settings.SHARED_CHECKED_S = 60
    text(Client(), shop["product"])
    assert queries_of(Client(), shop["product"]) == []


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "price": lambda shop: set_price(stockrecord=shop["record"], gross_minor=5_550),
    "price by an update past the model": lambda shop: StockRecord.objects.update(price="55.50"),
    "sold out": lambda shop: StockRecord.objects.update(num_in_stock=0),
    "reserved": lambda shop: StockRecord.objects.update(num_allocated=5),
    "title": lambda shop: Product.objects.filter(title="Elbschuh").update(title="Elbstiefel"),
    "hidden": lambda shop: Product.objects.filter(title="Elbschuh").update(is_public=False),
    "category": lambda shop: Category.objects.filter(pk=shop["node"].pk).update(name="Alle Schuhe"),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_shown_at_once(page: str, change: str, shop: dict[str, Any]) -> None:
    reader = Client()
    before = text(reader, shop[page])
    CHANGES[change](shop)
    kept = reader.get(shop[page])
    caches["pages"].clear()
    parts.forget()
    fresh = Client().get(shop[page])
    assert (kept.status_code, kept.content) == (fresh.status_code, fresh.content)
    assert fresh.content.decode() != before, "the page does not show this change: it proves nothing"


def test_one_piece_fewer_changes_the_product_page_and_leaves_the_other_pages_alone(
    shop: dict[str, Any],
) -> None:
    other = make_product("Priel", category=make_category("Stiefel"), stock=9)
    reader = Client()
    text(reader, shop["product"]), text(reader, other.get_absolute_url())
    change_stock(stockrecord_id=shop["record"].pk, change=-3)
    assert len(queries_of(reader, other.get_absolute_url())) <= 2
    assert len(queries_of(reader, shop["product"])) > 2


def test_one_piece_of_many_makes_no_page_anew_and_from_ten_on_each_does(shop: dict[str, Any]) -> None:
    reader, pk = Client(), shop["record"].pk
    StockRecord.objects.filter(pk=pk).update(num_in_stock=5_000, num_allocated=4_000)
    assert 'max="10"' in text(reader, shop["product"])
    StockRecord.objects.filter(pk=pk).update(num_allocated=4_990)
    assert len(queries_of(reader, shop["product"])) <= 2, "the page says the same of 1,000 pieces and of ten"
    StockRecord.objects.filter(pk=pk).update(num_allocated=4_991)
    assert 'max="9"' in text(reader, shop["product"])
    StockRecord.objects.filter(pk=pk).update(num_allocated=4_997)
    assert "Nur noch 3 da" in text(reader, shop["product"])


def test_a_new_product_stands_in_the_list_at_once(shop: dict[str, Any]) -> None:
    reader = Client()
    assert "Neuling" not in text(reader, shop["category"])
    make_product("Neuling", category=shop["node"])
    assert "Neuling" in text(reader, shop["category"])
    assert "Neuling" in text(reader, shop["home"])


def test_what_comes_back_into_stock_stands_in_the_list_of_what_is_available(shop: dict[str, Any]) -> None:
    gone = make_product("Rückkehrer", category=shop["node"], stock=0)
    reader, url = Client(), f"{shop['category']}?available=1"
    assert "Rückkehrer" not in text(reader, url)
    change_stock(stockrecord_id=variants(gone)[0].pk, change=1)
    assert "Rückkehrer" in text(reader, url)


def test_a_written_page_is_shared_and_follows_its_writer(shop: dict[str, Any]) -> None:
    write_home(texts={"de": {"title": "Kontor"}})

    def write(body: str) -> Any:
        said = {"slug": "impressum", "title": "Impressum", "body": body}
        return write_page(texts={"de": said}, key="imprint")["de"]

    url = Page.objects.get(pk=write("<p>Alt</p>").pk).url
    reader = Client()
    assert "Alt" in text(reader, url)
    assert len(queries_of(reader, url)) <= 2
    write("<p>Neu</p>")
    assert "Neu" in text(reader, url) and "Alt" not in text(reader, url)


def test_what_another_process_remembers_is_forgotten_when_words_change(shop: dict[str, Any]) -> None:
    reader = Client()
    text(reader, shop["home"])
    rows = Category.objects.filter(pk=shop["node"].pk)
    rows.update(name="Umbenannt")  # no signal: as if another process had done it
    assert "Umbenannt" in text(reader, shop["home"])


def test_a_page_made_from_old_rows_is_not_kept_for_the_truth(
    shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price changes after the rows were read and before the page is kept: the next reader sees the new one."""
    from catalogue import views

    render = views.render

    def late(*args: Any, **kwargs: Any) -> Any:
        answer = render(*args, **kwargs)
        StockRecord.objects.update(price="12.34")
        return answer

    monkeypatch.setattr(views, "render", late)
    assert "12,34" not in text(Client(), shop["product"])
    monkeypatch.setattr(views, "render", render)
    assert "12,34" in text(Client(), shop["product"])


# the basket


def with_basket(shop: dict[str, Any], pieces: int = 2) -> Client:
    client = Client()
    answer = client.post("/basket/add/", {"product_id": shop["record"].product_id, "quantity": pieces})
    assert answer.status_code == 302
    client.cookies.pop("messages", None)  # it was read
    client.cookies.pop("sessionid", None)
    return client


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["", "/en"])
def test_the_count_is_the_readers_own_whoever_came_first(
    page: str, language: str, shop: dict[str, Any]
) -> None:
    url = f"{language}{shop[page]}"
    buyer, other = with_basket(shop), Client()
    words = "2 pieces" if language else "2 Stück"
    made = text(buyer, url)
    assert made.count(words) == 1
    assert words not in text(other, url)
    assert text(buyer, url) == made
    assert len(queries_of(buyer, url)) <= 2, "one page for all of them"
    assert text(with_basket(shop, 1), url).count("1 piece" if language else "1 Stück") == 1


@pytest.mark.parametrize(
    ("url", "status"),
    [("/catalogue/search/?q=nichts", 200), ("/nothing-here/", 404), ("/catalogue/x_999999/", 404)],
)
def test_a_page_that_is_not_kept_shows_the_readers_own_count(
    url: str, status: int, shop: dict[str, Any]
) -> None:
    answer = with_basket(shop).get(url)
    assert (answer.status_code, answer["Cache-Control"]) == (status, "private, no-cache")
    assert answer.content.decode().count("2 Stück") == 1
    assert "2 Stück" not in Client().get(url).content.decode()


def test_whoever_has_just_put_something_in_sees_that_said_once_and_nobody_else(shop: dict[str, Any]) -> None:
    buyer = Client()
    buyer.post(
        "/basket/add/", {"product_id": shop["record"].product_id, "quantity": 1, "next": shop["product"]}
    )
    told = buyer.get(shop["product"])
    assert "In Ihrem Warenkorb: 1" in told.content.decode()
    assert told["Cache-Control"] == "private, no-cache"
    assert "In Ihrem Warenkorb: 1" not in text(Client(), shop["product"])


# who shares what


@pytest.mark.parametrize("page", PAGES)
def test_a_page_for_all_sets_no_cookie_and_tells_caches_so(page: str, shop: dict[str, Any]) -> None:
    for _time in ("made", "kept"):
        answer = Client().get(shop[page])
        assert not answer.cookies
        assert answer["Cache-Control"] == "public, max-age=0, s-maxage=1, must-revalidate"
        assert {"Cookie", "Accept-Encoding"} <= {one.strip() for one in answer["Vary"].split(",")}
        assert "csrfmiddlewaretoken" not in answer.content.decode()
        assert "nonce-" not in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY" and answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_signed_in_people_are_never_shared(page: str, shop: dict[str, Any]) -> None:
    member = Client()
    member.force_login(make_user("kundin@example.org"))
    own = member.get(shop[page])
    assert own["Cache-Control"].startswith("private")
    assert not caches["pages"].get(shared._key(own.wsgi_request)), "a page of one person was kept for all"
    Client().get(shop[page])
    assert len(queries_of(member, shop[page])) > 2, "and they are shown none that was"


def test_a_page_of_one_person_says_so_to_every_cache(shop: dict[str, Any]) -> None:
    for url in ("/basket/", "/account/", "/accounts/login/", "/help/", "/withdrawal/", "/nothing-here/"):
        assert "private" in Client().get(url).headers["Cache-Control"], url


def test_a_reader_who_has_the_page_is_told_so_in_a_few_bytes(shop: dict[str, Any]) -> None:
    reader = Client()
    mark = reader.get(shop["product"])["ETag"]
    again = reader.get(shop["product"], headers={"if-none-match": mark})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", mark)
    assert again["Cache-Control"].startswith("public") and "Cookie" in again["Vary"]
    assert with_basket(shop).get(shop["product"], headers={"if-none-match": mark}).status_code == 200
    StockRecord.objects.update(price="55.50")
    changed = reader.get(shop["product"], headers={"if-none-match": mark})
    assert changed.status_code == 200 and changed["ETag"] != mark


def test_the_same_page_has_the_same_mark_in_every_process(shop: dict[str, Any]) -> None:
    mark = Client().get(shop["product"])["ETag"]
    caches["pages"].clear()
    sharing.forget()
    assert Client().get(shop["product"])["ETag"] == mark


def test_a_shared_page_travels_compressed(shop: dict[str, Any]) -> None:
    plain = Client().get(shop["product"]).content
    packed = Client().get(shop["product"], headers={"accept-encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain and len(packed.content) < len(plain) / 2


def test_bad_addresses_and_refused_pages_are_not_kept(shop: dict[str, Any]) -> None:
    assert Client().get("/catalogue/nothing_999999/").status_code == 404
    make_product("Spät", category=shop["node"])
    assert Client().get(f"{shop['category']}?page=999999&sort=%00").status_code == 400


def test_parts_for_htmx_are_kept_apart_from_whole_pages(shop: dict[str, Any]) -> None:
    whole = Client().get(shop["category"])
    part = Client().get(shop["category"], headers={"hx-request": "true"})
    assert shared._key(whole.wsgi_request) != shared._key(part.wsgi_request)
    assert "HX-Request" in whole["Vary"]


# forms without a token


def test_a_form_of_a_shared_page_is_sent_without_token_from_our_page_and_from_no_other(
    shop: dict[str, Any],
) -> None:
    strict = Client(enforce_csrf_checks=True)
    wish = {"product_id": shop["record"].product_id, "quantity": 1}
    ours = [
        {"sec-fetch-site": "same-origin"},
        {"origin": "http://testserver"},
        {"referer": "http://testserver/x"},
    ]
    foreign: list[dict[str, str]] = [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://testserver"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"referer": "https://evil.example/?http://testserver"},
        {"referer": "http://testserver:8000/x"},
    ]
    for headers in ours:
        assert strict.post("/basket/add/", wish, headers=headers).status_code == 302, headers
    for headers in foreign:
        assert (
            Client(enforce_csrf_checks=True).post("/basket/add/", wish, headers=headers).status_code == 403
        ), headers


# what the database notes


def test_every_table_of_the_list_has_its_triggers() -> None:
    assert guards.missing(triggers.GUARDS) == []


def test_a_rolled_back_change_clears_nothing_and_old_rows_go(shop: dict[str, Any]) -> None:
    before = sharing.versions()
    for title in ("A", "B"):
        Product.objects.filter(pk=shop["shoe"].pk).update(title=title)
    assert sharing.versions() != before
    sharing.clear()
    assert {name: n for name, _last, n in sharing.versions()} == {"words": 1, "offer": 1}


def test_clearing_brings_no_mark_back_that_was_there_before() -> None:
    """PostgreSQL: a transaction that took a number early commits late."""
    Change.objects.all().delete()
    numbers = [Change.objects.create(name=sharing.WORDS).pk for _row in range(3)]
    Change.objects.filter(pk=numbers[1]).delete()  # not committed yet
    marks = [sharing.versions()]
    sharing.clear()
    marks.append(sharing.versions())
    Change.objects.create(pk=numbers[1], name=sharing.WORDS)
    marks.append(sharing.versions())
    assert len(set(marks)) == 3


def test_who_hears_of_a_new_version_finds_the_former_state_forgotten(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Else a page would be made of former words and kept under the new mark."""
    monkeypatch.setattr(sharing, "_forgetters", [])
    settings.SHARED_CHECKED_S = 60
    seen: list[bool] = []

    def forget_late() -> None:
        other = threading.Thread(target=lambda: seen.append(sharing.versions() == former))
        other.start()
        other.join(0.2)  # it waits for us, or it has the former version
        waits.append(other)

    waits: list[threading.Thread] = []
    sharing.touch(sharing.WORDS)
    former = sharing.versions()
    sharing.touch(sharing.WORDS)
    sharing.when_changed(forget_late)
    monkeypatch.setattr(sharing, "_read", (0.0, former))
    assert sharing.versions() != former
    assert seen == [], "another thread had the new version before the former state was forgotten"
    waits[0].join(5)
    assert seen == [False]


def test_what_was_read_before_it_changed_is_not_remembered() -> None:
    memory: Memory[str] = Memory(60)

    def read() -> str:
        memory.forget()  # somebody changes it meanwhile
        return "former"

    assert memory.get(read) == "former"
    assert memory.get(lambda: "new") == "new"
    assert memory.get(lambda: "newer") == "new"


def test_a_page_made_private_is_private_at_once(shop: dict[str, Any]) -> None:
    write_home(texts={"de": {"title": "Kontor"}})
    texts = {"slug": "sommer", "title": "Sommer", "body": "<p>Bald</p>"}
    page = write_page(texts={"de": texts})["de"]
    assert "Bald" in text(Client(), page.url)
    PageViewRestriction.objects.create(page=page, restriction_type="password", password="geheim")
    assert "Bald" not in Client().get(page.url).content.decode()


def test_what_marketing_lifts_is_further_up_at_once_on_a_page_that_is_kept(
    shop: dict[str, Any], search_index: Index
) -> None:
    lifted = make_product("Halbschuh", description="wie der Elbschuh", category=shop["node"])
    search_index.hear()

    def order() -> list[str]:
        return re.findall(r"(Elbschuh|Halbschuh)</a></h3>", text(Client(), shop["search"]))

    assert order() == ["Elbschuh", "Halbschuh"]
    boost = Boost.objects.create(product=lifted, strength=Boost.FIRST)
    assert order() == ["Halbschuh", "Elbschuh"]
    boost.delete()
    assert order() == ["Elbschuh", "Halbschuh"]


def test_a_store_that_closes_and_a_visit_called_off_leave_the_product_page_at_once(
    shop: dict[str, Any],
) -> None:
    store = make_site("laden", name="Laden am Fleet")
    make_bin("LADEN-1", kind=SHOP_FLOOR, site=store, zone="L")
    visit = CutOff.objects.create(site=store, time=dt.time(23, 59), weekdays="1234567", holidays_of="")
    html = text(Client(), shop["product"])
    assert "Laden am Fleet" in html and "data-promise" in html
    CutOff.objects.filter(pk=visit.pk).delete()
    assert "data-promise" not in text(Client(), shop["product"])
    Site.objects.filter(pk=store.pk).update(is_active=False)
    assert "Laden am Fleet" not in text(Client(), shop["product"])


def test_a_reserved_piece_of_many_notes_nothing_and_the_last_one_does(shop: dict[str, Any]) -> None:
    before = sharing.versions()
    shop["record"].reserve(1)
    assert sharing.versions() == before
    shop["record"].reserve(4)
    assert sharing.versions() != before


def test_a_list_of_many_products_is_compared_in_the_same_two_queries() -> None:
    category = make_category("Viele")
    make_many(60, category=category, sizes=5)
    url = f"/catalogue/category/{category.slug}_{category.pk}/"
    text(Client(), url)
    assert len(queries_of(Client(), url)) == 2


def test_only_shared_pages_go_without_a_token(rf: Any) -> None:
    assert forms(rf.get("/")) == {}
    assert in_force.SHARED_CDN_S <= 1, "a CDN would show prices for longer than we promise"
