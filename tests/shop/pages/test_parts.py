"""Parts of pages that are kept for everybody: true for each reader, and without anything of another."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models.sql import Query
from django.template import Context, Template, TemplateSyntaxError
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalogue.models import Product
from catalogue.partner.actions import change_stock
from catalogue.partner.models import StockRecord
from shop.kernel import parts, sharing
from tests.factories.people import make_user
from tests.factories.range import make_category, make_product, variants
from tests.factories.shopping import make_variant

from .sharing import CHANGES

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PAGES = ["product", "category", "search", "home", "language"]
#: What differs at each visit of a signed-in person: the token of their forms, the nonce of their scripts.
OWN = re.compile(r'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"')


@pytest.fixture(autouse=True)
def _kept(settings: Any) -> None:
    settings.PARTS_KEPT_S = 60
    settings.SHARED_CHECKED_S = 0


@pytest.fixture
def shop() -> dict[str, Any]:
    with translation.override("de"):
        category = make_category("Schuhe")
        shoe = make_product("Elbschuh", category=category, stock=5, price_minor=9_990)
        make_product("Priel", category=category, stock=9)
        url = shoe.get_absolute_url()
        return {
            "shoe": shoe,
            "record": variants(shoe)[0],
            "node": category,
            "product": url,
            "language": f"/en{url}?utm=1",
            "category": f"/catalogue/category/{category.slug}_{category.pk}/",
            "search": "/catalogue/search/?q=elbschuh",
            "home": "/",
        }


def member(email: str) -> Client:
    client = Client()
    client.force_login(make_user(email))
    return client


def plain(client: Client, url: str) -> tuple[int, str]:
    answer = client.get(url)
    return answer.status_code, OWN.sub(r'\1=""', answer.content.decode())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_kept_parts_is_the_page_that_is_made_anew(page: str, shop: dict[str, Any]) -> None:
    first, second = member("a@example.org"), member("b@example.org")
    made = plain(first, shop[page])
    assert made[0] == 200 and "Elbschuh" in made[1]
    assert plain(second, shop[page]) == made
    parts.forget()
    assert plain(second, shop[page]) == made


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_no_part_is_older_than_what_it_shows(page: str, change: str, shop: dict[str, Any]) -> None:
    reader = member("a@example.org")
    plain(reader, shop[page])
    CHANGES[change](shop)
    of_parts = plain(reader, shop[page])
    parts.forget()
    assert of_parts == plain(reader, shop[page])


def test_no_page_shows_a_part_of_another(shop: dict[str, Any]) -> None:
    """The way to a page stands on it once more than the view says: a part without a mark would be every page's."""
    other = make_category("Pflege")
    make_product("Wachs", category=other)
    order = make_variant(stock=3)
    reader = member("a@example.org")
    reader.post("/basket/add/", {"product_id": order.product_id, "quantity": 1})
    reader.get("/basket/")  # shows the message, once
    urls = [shop[page] for page in PAGES]
    urls += [other.get_absolute_url(), "/catalogue/", "/account/", "/account/orders/", "/basket/", "/help/"]
    beside_each_other = {url: plain(reader, url) for url in urls}
    assert {status for status, _html in beside_each_other.values()} == {200}
    for url, seen in beside_each_other.items():
        parts.forget()
        assert plain(reader, url) == seen, url


def test_an_argument_that_nobody_gave_keeps_nothing() -> None:
    source = Template('{% load parts %}{% part "t9" of=nobody_says %}{{ text }}{% endpart %}')
    assert [source.render(Context({"text": text})) for text in ("a", "b")] == ["a", "b"]


MORE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "one piece fewer": lambda shop: change_stock(stockrecord_id=shop["record"].pk, change=-3),
    "one variant without price": lambda shop: StockRecord.objects.filter(pk=shop["record"].pk).update(
        price=None
    ),
    "another size": lambda shop: Product.objects.filter(pk=shop["record"].product_id).update(size="47"),
    "another number": lambda shop: StockRecord.objects.filter(pk=shop["record"].pk).update(
        partner_sku="NEW-1"
    ),
}


@pytest.mark.parametrize("change", MORE)
def test_the_page_of_a_product_says_what_has_just_become_true(change: str, shop: dict[str, Any]) -> None:
    reader = member("a@example.org")
    before = plain(reader, shop["product"])
    MORE[change](shop)
    of_parts = plain(reader, shop["product"])
    parts.forget()
    assert of_parts == plain(reader, shop["product"])
    assert of_parts != before, "the page does not show this change: it proves nothing"


def test_price_and_stock_are_asked_at_each_visit_and_little_else(shop: dict[str, Any], settings: Any) -> None:
    settings.SHARED_CHECKED_S = 60
    reader = Client()
    reader.get(shop["product"])
    with CaptureQueriesContext(connection) as seen:
        reader.get(shop["product"])
    assert ["partner_stockrecord" in one["sql"] for one in seen.captured_queries] == [True]


# nothing of a reader


def test_for_what_is_remembered_no_question_is_even_put_together(
    shop: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting statements does not see it: a queryset that is made and never asked took a fifth of an article's
    page."""
    settings.SHARED_KEPT_S, settings.SHARED_CHECKED_S = 0, 60
    reader = Client()
    sharing.forget()
    for _look in range(2):
        plain(reader, shop["product"])
    filtered: list[str] = []
    add = Query.add_q

    def watched(query: Query, *args: Any, **named: Any) -> None:
        filtered.append(f"{query.model.__name__}: {args}")
        add(query, *args, **named)

    monkeypatch.setattr(Query, "add_q", watched)
    assert plain(reader, shop["product"])[0] == 200
    assert filtered == []


def test_everybody_sees_their_own_count_message_and_token(shop: dict[str, Any]) -> None:
    url = shop["product"]
    anna, bert = member("anna@example.org"), member("bert@example.org")
    anna.get(url)
    wish = {"product_id": shop["record"].product_id, "quantity": 3, "next": url}
    anna.post("/basket/add/", wish)
    told, quiet = anna.get(url).content.decode(), bert.get(url).content.decode()
    assert "In Ihrem Warenkorb" in told and "3 Stück" in told
    assert "In Ihrem Warenkorb" not in quiet and "3 Stück" not in quiet
    assert "anna@" not in quiet and "bert@" not in quiet
    tokens = [set(re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page)) for page in (told, quiet)]
    assert all(len(one) == 1 for one in tokens) and tokens[0] != tokens[1]
    assert told.count('value="' + next(iter(tokens[0]))) == quiet.count("csrfmiddlewaretoken") >= 2


def test_a_form_of_kept_parts_is_accepted_by_its_token_alone(shop: dict[str, Any]) -> None:
    """From a browser that does not say where a form was sent from."""
    member("first@example.org").get(shop["product"])
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("second@example.org"))
    page = client.get(shop["product"]).content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    wish = {"product_id": shop["record"].product_id, "quantity": 1}
    assert client.post("/basket/add/", wish).status_code == 403
    assert client.post("/basket/add/", wish | {"csrfmiddlewaretoken": token[1]}).status_code == 302


def test_the_way_back_and_the_words_looked_for_are_those_of_this_page(shop: dict[str, Any]) -> None:
    first, second = member("a@example.org"), member("b@example.org")
    assert 'name="next" value="' + shop["product"] + '?x=%3Ca"' in plain(first, shop["product"] + "?x=<a")[1]
    assert 'name="next" value="' + shop["product"] + '?y=2"' in plain(second, shop["product"] + "?y=2")[1]
    assert 'value="elbschuh"' in plain(first, "/catalogue/search/?q=elbschuh")[1]
    assert "elbschuh&quot;&gt;&lt;b" in plain(second, '/catalogue/search/?q=elbschuh"><b')[1]


# the tag


def shown(source: str, **values: Any) -> str:
    request = RequestFactory().get("/somewhere/")
    context = Context(
        {"request": request, "user": "Anna", "csrf_token": "secret", "shop_name": "Kontor", **values}
    )
    return str(Template("{% load parts %}" + source).render(context))


def test_inside_a_part_nothing_of_the_reader_is_seen() -> None:
    personal = "[{{ user }}{{ request.path }}{{ csrf_token }}{{ messages }}{{ basket_count }}{{ perms }}]"
    assert shown('{% part "t1" of=1 %}' + personal + "{% endpart %}", basket_count=3, messages="m") == "[]"
    assert shown('{% part "t2" %}' + personal + "{% endpart %}") == "[]"


def test_a_part_without_a_mark_sees_only_the_shell_and_its_arguments() -> None:
    source = '{% part "t3" a=a %}{{ a }} {{ shop_name }} {{ other }}{% endpart %}'
    assert shown(source, a=1, other="x") == "1 Kontor "
    assert shown(source, a=2, other="y") == "2 Kontor "


def test_a_part_is_kept_by_name_arguments_and_language() -> None:
    source = '{% part "t4" of=mark %}{{ text }}{% endpart %}'
    assert shown(source, mark=1, text="eins") == "eins"
    assert shown(source, mark=1, text="zwei") == "eins"
    assert shown(source, mark=2, text="zwei") == "zwei"
    assert shown(source, mark=None, text="drei") == "drei", "no mark: like no other"
    assert shown(source, mark=None, text="vier") == "vier"
    with translation.override("en"):
        assert shown(source, mark=1, text="one") == "one"


def test_a_place_for_a_reader_is_filled_also_in_a_part_within_a_part() -> None:
    source = '{% part "t5" %}{% part "t6" %}<{% hole "here" %}>{% endpart %}{% endpart %}{% hole "here" %}'
    assert shown(source) == shown(source) == "</somewhere/>/somewhere/"


@pytest.mark.parametrize("source", ["{% part name %}{% endpart %}", '{% part "x" loose %}{% endpart %}'])
def test_a_part_that_is_written_wrongly_is_refused(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        shown(source)


def test_marks_of_the_same_things_are_one_key_and_others_are_not() -> None:
    first, same, other = parts.Mark((1, "a")), parts.Mark((1, "a")), parts.Mark((1, "b"))
    assert {first: "kept"}[same] == "kept" and first != other and first != (1, "a")


def test_a_store_keeps_the_newest_and_no_more_than_it_may() -> None:
    store: parts.Parts = parts.Parts(most=2)
    for key in ("a", "b", "a", "c"):
        store.kept(key, lambda key=key: f"{key} made")  # type: ignore[misc]
    assert store.kept("c", lambda: "anew") == "c made"
    assert store.kept("b", lambda: "anew") == "b made"
    assert store.kept("a", lambda: "anew") == "anew"


def test_what_is_out_of_date_goes_once_another_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(parts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    store: parts.Parts = parts.Parts(most=9)
    for key, later in (("a", 0), ("b", 30), ("a", 30), ("c", 1)):
        now[0] += later
        store.kept(key, lambda: "made")
    assert list(store._kept) == ["b", "a", "c"], "b holds for a minute from 1030, a from 1060"
    now[0] = 1_090.0
    store.kept("d", lambda: "made")
    assert list(store._kept) == ["a", "c", "d"]


def test_what_nobody_asks_for_any_more_goes_once_another_kind_comes(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A worker that shows pages of the office only holds no articles."""
    now = [1_000.0]
    monkeypatch.setattr(parts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(parts, "_stores", [])
    monkeypatch.setattr(parts, "_looked_at", 0.0)
    articles: parts.Parts = parts.Parts(most=9)
    menus: parts.Parts = parts.Parts(most=9)
    articles.kept("article", lambda: "made")
    now[0] += settings.PARTS_KEPT_S - 1
    menus.kept("menu", lambda: "made")
    assert articles._kept, "it may still be asked for"
    now[0] += settings.PARTS_KEPT_S
    menus.kept("another", lambda: "made")
    assert not articles._kept and list(menus._kept) == ["another"]
