"""Pages of blocks: live prices, as many queries for one block as for thirty, preview, odd content."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.images import ImageFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.images import get_image_model

from catalogue.models import Category, Product
from shop.pages.actions import write_home, write_landing, write_page
from shop.pages.models import HomePage, LandingPage
from shop.pages.sections import sections_of
from tests.factories.range import make_category, make_product, variants
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
URL = "/herbst/"


@pytest.fixture
def picture(tmp_path: Any, settings: Any) -> Any:
    from PIL import Image

    settings.MEDIA_ROOT = str(tmp_path)
    out = io.BytesIO()
    Image.new("RGB", (1200, 900), (20, 90, 90)).save(out, "PNG")
    out.seek(0)
    return get_image_model().objects.create(title="Kai", file=ImageFile(out, "kai.png"))


def write(*blocks: tuple[str, dict[str, Any]], english: Any = None) -> dict[str, LandingPage]:
    write_home(texts={language: {"title": "Kontor"} for language in ("de", "en")})
    return write_landing(
        texts={
            "de": {"slug": "herbst", "title": "Herbst am Fleet", "body": list(blocks)},
            "en": {"slug": "autumn", "title": "Autumn", "body": list(english or blocks)},
        }
    )


def every_block(shoe: Product, category: Category, picture: Any) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("products", {"title": "Ausgesucht", "products": [shoe]}),
        ("range", {"title": "Neu", "category": category, "order": "newest", "number": "4"}),
        ("range", {"title": "Alles", "category": None, "order": "newest", "number": "8"}),
        ("range", {"title": "Günstiger", "category": category, "order": "reduced", "number": "4"}),
        ("text", {"title": "Warum", "body": "<p>Weil <b>Regen</b>.</p>"}),
        (
            "pictures",
            {"title": "", "pictures": [{"picture": picture, "alt": "Ein Kai", "caption": "Am Kai"}]},
        ),
        (
            "teaser",
            {"title": "Der Schuh", "text": "Trocken", "product": shoe, "picture": picture, "alt": "Schuh"},
        ),
        ("teaser", {"title": "Die Gruppe", "text": "", "category": category, "label": "Hinein"}),
        ("teaser", {"title": "Die Seite", "page": HomePage.objects.first()}),
    ]


def test_every_kind_of_block_is_shown_with_the_prices_of_the_moment(client: Client, picture: Any) -> None:
    shoes = make_category("Schuhe", en="Shoes")
    shoe = make_product("Elbschuh", en="Elbe shoe", category=shoes, price_minor=9_990)
    write_home(texts={"de": {"title": "Kontor"}})
    write(*every_block(shoe, shoes, picture))
    html = client.get(URL).content.decode()
    for text in (
        "Ausgesucht",
        "Neu",
        "Alles",
        "Warum",
        "<b>Regen</b>",
        'alt="Ein Kai"',
        "Am Kai",
        "Der Schuh",
        "Hinein",
    ):
        assert text in html, text
    assert "Günstiger" not in html, "nothing is reduced: the block is left out"
    assert html.count("99,90") == 4  # products, two ranges, teaser
    for record in variants(shoe):
        record.price = Decimal("79.50")
        record.save()
    html = client.get(URL).content.decode()
    assert html.count("79,50") == 4 and "99,90" not in html
    english = client.get("/en/autumn/").content.decode()
    assert "Elbe shoe" in english and "€79.50" in english
    assert 'hreflang="en"' in html and "/en/autumn/" in html


def test_what_is_reduced_is_shown_with_its_30_day_price(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("Deichschuh", category=shoes, price_minor=8_000, reference_minor=10_000)
    make_product("Elbschuh", category=shoes)
    write(("range", {"title": "Günstiger", "category": shoes, "order": "reduced", "number": "4"}))
    html = client.get(URL).content.decode()
    assert "Deichschuh" in html and "Elbschuh" not in html
    assert "100,00" in html and "−20 %" in html


def test_a_range_takes_the_newest_of_a_category_with_everything_below_it(client: Client) -> None:
    shoes = make_category("Schuhe")
    boots = make_category("Stiefel", parent=shoes)
    care = make_category("Pflege")
    for number in range(6):
        make_product(f"Stiefel {number}", category=boots)
    make_product("Halbschuh", category=shoes)
    make_product("Wachs", category=care)
    sold_out = make_product("Ausverkauft", category=shoes, stock=0)
    write(
        ("range", {"title": "Schuhe", "category": shoes, "order": "newest", "number": "4"}),
        ("range", {"title": "Pflege", "category": care, "order": "newest", "number": "4"}),
    )
    first, second = sections_of(LandingPage.objects.get(slug="herbst").body)
    assert [card.title for card in first.cards] == ["Halbschuh", "Stiefel 5", "Stiefel 4", "Stiefel 3"]
    assert [card.title for card in second.cards] == ["Wachs"]
    assert sold_out.title not in client.get(URL).content.decode()


def test_thirty_blocks_cost_as_many_queries_as_one_of_each(client: Client, picture: Any) -> None:
    shoes, care = make_category("Schuhe"), make_category("Pflege")
    shoe = make_product("Elbschuh", category=shoes)
    for number in range(5):
        make_product(f"Schuh {number}", category=care, price_minor=5_000, reference_minor=8_000)

    def cost() -> int:
        client.get(URL)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(URL).status_code == 200
        written = [one["sql"] for one in seen if not one["sql"].lstrip("( ").upper().startswith("SELECT")]
        assert written == [], "looking writes nothing"
        return len(seen)

    write_home(texts={"de": {"title": "Kontor"}})
    one = every_block(shoe, shoes, picture)
    write(*one)
    few = cost()
    many = [
        block
        for _round in range(3)
        for block in (*one, *every_block(Product.objects.order_by("-pk")[0], care, picture))
    ]
    write(*many[:30])
    assert cost() == few <= 17


def test_what_is_gone_is_left_out_and_odd_content_breaks_nothing(client: Client, picture: Any) -> None:
    shoes = make_category("Schuhe")
    shoe = make_product("Elbschuh", category=shoes)
    page = write(*every_block(shoe, shoes, picture))["de"]
    Product.objects.filter(pk=shoe.pk).update(is_public=False)
    Category.objects.all().delete()
    picture.delete()
    html = client.get(URL).content.decode()
    assert "Ausgesucht" not in html and "Der Schuh" not in html and "Warum" in html
    odd = [
        {"type": "products", "value": {"title": None, "products": ["x", None, {"value": "9" * 30}, 10**30]}},
        {"type": "range", "value": {"category": "x", "order": "?", "number": "viele"}},
        {"type": "teaser", "value": {"title": "<script>alert(1)</script>", "page": 10**9, "text": "<b>"}},
        {"type": "pictures", "value": {"pictures": [None, 5, {"picture": "x"}]}},
        {"type": "text", "value": {"body": None}},
        {"type": "unknown", "value": {"a": 1}},
        {"type": "text", "value": "not a dictionary"},
    ]

    class Stream:
        raw_data = odd

    found = sections_of(Stream(), None)
    assert [section.title for section in found if section.kind == "teaser"] == ["<script>alert(1)</script>"]
    page.body = [("teaser", {"title": "<script>alert(1)</script>", "text": "<b>"})]
    page.save()
    assert "<script>alert(1)" not in client.get(URL).content.decode()


def test_the_home_page_shows_its_blocks_instead_of_the_newest(client: Client) -> None:
    make_product("Elbschuh")
    write_home(texts={"de": {"title": "Kontor", "headline": "Moin"}})
    assert "Elbschuh" in client.get("/").content.decode()
    home = HomePage.objects.get(locale__language_code="de")
    home.body = [("text", {"title": "Nur Worte", "body": "<p>Heute Ruhetag</p>"})]
    home.save()
    html = client.get("/").content.decode()
    assert "Nur Worte" in html and "Elbschuh" not in html


def test_an_editor_sees_a_preview_of_what_is_not_published_yet(client: Client) -> None:
    shoe = make_product("Elbschuh", price_minor=9_990)
    page = write(("text", {"title": "Alt", "body": "<p>Alt</p>"}))["de"]
    page.body = [("products", {"title": "Entwurf", "products": [shoe]})]
    answer = page.make_preview_request()
    html = answer.content.decode()
    assert "Entwurf" in html and "99,90" in html
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert "Entwurf" not in client.get(URL).content.decode()


def test_an_editor_sees_a_preview_of_a_home_page_that_is_not_published_yet(client: Client) -> None:
    shoe = make_product("Elbschuh", price_minor=9_990)
    write_home(texts={"de": {"title": "Kontor", "headline": "Moin"}})
    home = HomePage.objects.get(locale__language_code="de")
    home.headline = "Ahoi"
    home.body = [("teaser", {"title": "Entwurf", "text": "Bald", "product": shoe})]
    answer = home.make_preview_request()
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Ahoi" in html and "Entwurf" in html and "Bald" in html and "99,90" in html
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    shown = client.get("/").content.decode()
    assert "Moin" in shown and "Ahoi" not in shown and "Entwurf" not in shown


def test_what_delivery_costs_is_linked_beside_the_price_of_a_teaser_and_once_below_goods(
    client: Client,
) -> None:
    shoe = make_product("Elbschuh", category=make_category("Schuhe"))
    write_home(texts={"de": {"title": "Kontor"}})
    write_page(texts={"de": {"slug": "versand", "title": "Versand", "body": "<p>4,90 €</p>"}}, key="shipping")
    link = r'<a href="[^"]*/versand/">Versand</a>'

    def above_the_foot() -> str:
        return client.get(URL).content.decode().partition("<main")[2].partition("<footer")[0]

    write(("teaser", {"title": "Der Schuh", "product": shoe}))
    assert re.search(rf"inkl\. MwSt\., zzgl\. {link}", above_the_foot())
    goods = ("products", {"title": "Ausgesucht", "products": [shoe]})
    write(("text", {"title": "Worte", "body": "<p>Worte</p>"}), goods, goods)
    assert len(re.findall(rf"inklusive Mehrwertsteuer, zuzüglich {link}", above_the_foot())) == 1
    write(("text", {"title": "Worte", "body": "<p>Worte</p>"}))
    assert "zuzüglich" not in above_the_foot(), "no price, nothing to say"


def test_an_editor_chooses_products_by_a_window_that_shows_only_what_has_a_page(client: Client) -> None:
    make_product("Elbschuh")
    hidden = make_product("Geheim", is_public=False)
    boss = make_user("boss@example.org", is_staff=True)
    boss.is_superuser = True
    boss.save()
    client.force_login(boss)
    page = write(("text", {"title": "Alt", "body": "<p>Alt</p>"}))["de"]
    assert client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).status_code == 200
    html = client.get(reverse("product_chooser:choose")).json()["html"]
    assert "Elbschuh" in html and hidden.title not in html
    assert client.get(reverse("category_chooser:choose")).status_code == 200
    assert Client().get(reverse("product_chooser:choose")).status_code == 302
