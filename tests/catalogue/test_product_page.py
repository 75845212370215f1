"""The page of a product: what is chosen, what it costs by law, what is left."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.models import BoughtTogether, Product, ProductCategory
from catalogue.prices import reduction_percent, unit_price_text
from catalogue.product_page import size_key
from catalogue.reviews.actions import Opinion, publish, write_review
from fulfilment.warehouse.stock.models import PICK, SHOP_FLOOR, BinStock
from shop.pages.actions import write_home, write_page
from tests.factories.people import make_user
from tests.factories.range import make_category, make_many, make_product, variants
from tests.factories.stock import make_bin, make_site

pytestmark = pytest.mark.django_db
BUDGET = 6


def page(client: Client, product: Product, **query: Any) -> Any:
    response = client.get(product.get_absolute_url(), query)
    assert response.status_code == 200
    return response


def set_stock(product: Product, *pieces: int) -> None:
    for record, stock in zip(variants(product), pieces, strict=True):
        record.num_in_stock = stock
        record.save()


def test_the_first_variant_that_can_be_bought_is_chosen(client: Client) -> None:
    product = make_product(sizes=("40", "41", "42"))
    set_stock(product, 0, 2, 5)
    assert page(client, product).context["chosen"].size == "41"


def test_the_address_chooses_by_id_or_by_colour_and_size(client: Client) -> None:
    product = make_product(colours=("navy", "sand"), sizes=("41", "42"))
    by_id = variants(product)[3].product
    assert page(client, product, v=by_id.pk).context["chosen"].id == by_id.pk
    chosen = page(client, product, colour="sand", size="42").context["chosen"]
    assert (chosen.colour_code, chosen.size) == ("sand", "42")
    # a colour link keeps an older ?v= in the address: the colour wins
    navy = variants(product)[0].product
    assert page(client, product, v=navy.pk, colour="sand").context["chosen"].colour_code == "sand"


@pytest.mark.parametrize("v", ["abc", "-1", "0", "9" * 40, "²", "1' OR '1'='1", "💶"])
def test_a_junk_variant_means_none_chosen(client: Client, v: str) -> None:
    product = make_product()
    response = page(client, product, v=v, colour=v, size=v)
    assert response.context["chosen"].id in [record.product_id for record in variants(product)]


def chips(html: str) -> dict[str, str]:
    """The choices of colour and size: their words, and the tag that is pressed."""
    found = re.findall(r'<(?:a|label) class="chip[^>]*>.*?</(?:a|label)>', html, re.DOTALL)
    return {" ".join(re.sub(r"<[^>]+>", " ", one).split()): one for one in found}


def test_a_sold_out_size_cannot_be_chosen_and_says_so(client: Client) -> None:
    product = make_product(sizes=("41", "42"))
    set_stock(product, 0, 2)
    shown = chips(page(client, product).content.decode())
    assert list(shown) == ["41 ausverkauft", "42"]
    gone, there = shown.values()
    assert "chip--gone" in gone and re.search(r"<input [^>]*\bdisabled\b", gone) and "checked" not in gone
    assert "chip--gone" not in there and "disabled" not in there and "checked" in there


def test_a_colour_that_is_sold_out_in_all_sizes_says_so(client: Client) -> None:
    product = make_product(colours=("navy", "sand"), sizes=("41", "42"))
    set_stock(product, 3, 0, 0, 0)
    shown = chips(page(client, product).content.decode())
    assert list(shown) == ["Navy", "Sand ausverkauft", "41", "42 ausverkauft"]
    assert "chip--gone" in shown["Sand ausverkauft"] and "chip--gone" not in shown["Navy"]
    assert 'aria-current="true"' in shown["Navy"] and 'aria-current="true"' not in shown["Sand ausverkauft"]


def test_a_sold_out_product_says_so_and_the_last_piece_is_said_honestly(client: Client) -> None:
    product = make_product(sizes=("41", "42", "43"))
    set_stock(product, 0, 1, 9)
    records = variants(product)
    tones = [page(client, product, v=record.product_id).context["stock_tone"] for record in records]
    assert tones == ["none", "few", "good"]
    assert page(client, product, v=records[0].product_id).context["delivery_text"] == ""
    records[2].num_allocated = 8
    records[2].save()  # eight of nine are promised to others
    assert page(client, product, v=records[2].product_id).context["chosen"].available == 1


def test_a_reduction_shows_the_30_day_price_and_the_percentage_from_it(client: Client) -> None:
    product = make_product(price_minor=9_000, reference_minor=8_000)
    context = page(client, product).context
    assert (context["reference_price_minor"], context["reduction_percent"]) == (
        None,
        None,
    )  # no saving, none shown
    for record in variants(product):
        record.price = Decimal("59.99")
        record.save()
    context = page(client, product).context
    assert (context["reference_price_minor"], context["reduction_percent"]) == (8_000, 25)
    block = (
        page(client, product).content.decode().partition('class="price price--large"')[2].partition("</p>")[0]
    )
    words = " ".join(re.sub(r"<[^>]*>", " ", block).split())
    assert "Niedrigster Preis der 30 Tage davor: 80,00 € (−25 %)" in words


def test_the_price_links_what_delivery_costs_beside_it_and_not_at_the_foot_alone(client: Client) -> None:
    write_home(texts={"de": {"title": "Kontor"}})
    said = {"slug": "versand", "title": "Versand und Zahlung", "body": "<p>4,90 €</p>"}
    write_page(texts={"de": said}, key="shipping")
    html = page(client, make_product(price_minor=9_990)).content.decode()
    beside = html.partition('class="price price--large"')[2].partition('class="product__form"')[0]
    assert re.search(r'inkl\. 19 % MwSt\., zzgl\. <a href="[^"]*/versand/">Versand</a>', beside)
    category = make_category("Schuhe")
    make_product("Priel", category=category)
    shown = client.get(f"/catalogue/category/{category.slug}_{category.pk}/").content.decode()
    above = shown.partition("<footer")[0]
    assert re.search(r'inklusive Mehrwertsteuer, zuzüglich <a href="[^"]*/versand/">Versand</a>', above)


def test_a_percentage_never_promises_more_than_is_saved() -> None:
    assert reduction_percent(2_001, 3_000) == 33
    assert reduction_percent(2_999, 3_000) is None
    assert reduction_percent(3_000, 3_000) is None
    assert reduction_percent(100, None) is None


@pytest.mark.parametrize(
    ("price", "amount", "unit", "expected"),
    [(895, 75, "ml", "119,33"), (1_250, 250, "g", "50,00"), (590, 120, "cm", "4,92"), (100, 3, "m2", "0,33")],
)
def test_unit_prices_are_per_litre_kilogram_metre_and_square_metre(
    price: int, amount: int, unit: str, expected: str
) -> None:
    assert unit_price_text(price, "EUR", amount, unit).startswith(expected)
    assert unit_price_text(price, "EUR", None, "") == ""


def test_goods_by_volume_show_their_unit_price_on_page_and_card(client: Client) -> None:
    care = make_category("Pflege")
    make_product("Wachs", category=care, price_minor=895, content_amount=75, content_unit="ml", sizes=("",))
    card = client.get(f"/catalogue/category/{care.slug}_{care.pk}/").context["cards"][0]
    assert "119,33" in card.unit_price_text
    assert "119,33" in client.get(card.url).content.decode()


def test_the_page_names_vat_maker_and_address_of_the_maker(client: Client) -> None:
    html = page(client, make_product(brand="Fjellgang")).content.decode()
    assert "19 %" in html
    assert "Fjellgang GmbH" in html and "sicherheit@example.org" in html


def test_hidden_products_are_not_found_and_a_variant_leads_to_its_product(client: Client) -> None:
    product = make_product("Elbschuh")
    child = variants(product)[1].product
    moved = client.get(f"/catalogue/irgendwas_{child.pk}/")
    assert (moved.status_code, moved["Location"]) == (301, f"{product.get_absolute_url()}?v={child.pk}")
    wrong = client.get(f"/catalogue/falsch_{product.pk}/?v={child.pk}")
    assert (wrong.status_code, wrong["Location"]) == (301, f"{product.get_absolute_url()}?v={child.pk}")
    Product.objects.filter(pk=product.pk).update(is_public=False)
    assert client.get(product.get_absolute_url()).status_code == 404
    assert client.get(f"/catalogue/irgendwas_{child.pk}/").status_code == 404
    for pk in ("0", "999999", str(10**30)):
        assert client.get(f"/catalogue/x_{pk}/").status_code == 404


def test_a_product_without_variants_on_offer_still_has_a_page(client: Client) -> None:
    product = make_product(sizes=())
    response = page(client, product)
    assert response.context["chosen"] is None
    assert response.context["price_minor"] is None


def test_a_product_page_costs_at_most_six_queries_whatever_the_range_holds(client: Client) -> None:
    shoes, care = make_category("Schuhe"), make_category("Pflege")
    small = make_product("Klein", category=shoes, colours=("navy",), sizes=("41",))
    large = make_product(
        "Groß", category=shoes, colours=("navy", "sand", "moss"), sizes=tuple("3456789"), pictures=9
    )
    store, depot = make_site("laden"), make_site("lager")
    for site, kind, code in ((store, SHOP_FLOOR, "L-1"), (depot, PICK, "D-1"), (depot, PICK, "D-2")):
        bin = make_bin(code, kind=kind, site=site, zone=code)
        BinStock.objects.bulk_create(
            BinStock(bin=bin, stockrecord=one, quantity=2) for one in variants(large)
        )
    for n in range(12):
        review = write_review(
            product=large, opinion=Opinion(4, "Gut", "Passt.", f"P{n}"), by=make_user(f"p{n}@example.org")
        )
        publish(review=review, by=None)

    def cost(product: Product) -> int:
        client.get(product.get_absolute_url())
        cache.clear()
        with CaptureQueriesContext(connection) as seen:
            page(client, product)
        return len(seen)

    few = cost(small)
    many = make_many(200, category=shoes, sizes=3)
    ProductCategory.objects.create(product=large, category=care)
    BoughtTogether.objects.bulk_create(
        BoughtTogether(product=large, other=one, orders=3) for one in many[:20]
    )
    assert few <= cost(large) <= BUDGET
    assert cost(small) == few


def test_looking_writes_nothing_and_needs_no_cookie(client: Client) -> None:
    shoes = make_category("Schuhe")
    product = make_product(category=shoes)
    urls = ["/", "/en/", "/catalogue/", "/catalogue/search/?q=schuh", product.get_absolute_url(), "/basket/"]
    urls.append(f"/catalogue/category/{shoes.slug}_{shoes.pk}/?colour=navy")
    for url in urls:
        with CaptureQueriesContext(connection) as seen:
            response = client.get(url)
        assert response.status_code == 200, url
        written = [
            one["sql"]
            for one in seen
            if not one["sql"].lstrip("( ").upper().startswith(("SELECT", "EXPLAIN"))
        ]
        assert written == [], url
        assert "sessionid" not in response.cookies, url


def test_sizes_stand_in_the_order_people_expect() -> None:
    sizes = ["10", "9", "42,5", "42", "XL", "S", "One", "M"]
    assert sorted(sizes, key=size_key) == ["9", "10", "42", "42,5", "S", "M", "XL", "One"]


def test_every_picture_has_an_address_and_the_enlarged_one_waits_until_it_is_asked_for(
    client: Client,
) -> None:
    product = make_product(pictures=2)
    text = client.get(product.get_absolute_url()).content.decode()
    pictures = re.findall(r"<img [^>]*>", text)
    assert all(' src="' in one and ' src=""' not in one for one in pictures)
    [enlarged] = [one for one in pictures if "data-zoom-picture" in one]
    assert 'loading="lazy"' in enlarged
