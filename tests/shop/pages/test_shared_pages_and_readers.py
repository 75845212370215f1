"""Pages that all readers share, as each reader meets them: with the own basket, private where it must be, small."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from catalogue.partner.models import StockRecord
from shop.kernel import sharing
from shop.pages import shared
from tests.factories.people import make_user
from tests.factories.range import make_product

from .sharing import PAGES, queries_of, text
from .sharing import kept as kept
from .sharing import shop as shop

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


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


@pytest.mark.parametrize("page", PAGES)
def test_a_reader_who_has_the_page_is_told_so_in_a_few_bytes(page: str, shop: dict[str, Any]) -> None:
    reader, url = Client(), shop[page]
    mark = reader.get(url)["ETag"]
    again = reader.get(url, headers={"if-none-match": mark})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", mark)
    assert again["Cache-Control"].startswith("public") and "Cookie" in again["Vary"]
    assert with_basket(shop).get(url, headers={"if-none-match": mark}).status_code == 200
    StockRecord.objects.update(price="55.50")
    changed = reader.get(url, headers={"if-none-match": mark})
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
