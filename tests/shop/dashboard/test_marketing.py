"""The shop window: texts in two languages, visibility, categories, prices with the 30-day rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.models import Product
from catalogue.partner.models import PricePeriod
from catalogue.partner.prices import set_price
from shop.dashboard.models import StaffAction
from tests.factories.range import make_category, make_many, make_product, variants

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(as_role: Callable[[str], Client]) -> Client:
    return as_role("marketing")


@pytest.fixture
def shoe(clock: Any) -> Product:
    clock.stop()
    product = make_product(
        "Elbschuh", en="Elbe shoe", category=make_category("Halbschuhe"), price_minor=10_000
    )
    for record in variants(product):
        PricePeriod.objects.create(stockrecord=record, gross_minor=10_000)
    clock.advance(days=40)
    return product


def texts(product: Product, **changes: Any) -> dict[str, Any]:
    return {
        "title": product.title,
        "title_en": "Elbe shoe",
        "description": "Für nasse Wege.",
        "description_en": "For wet ways.",
        "material": "Leder",
        "warnings": "",
        "is_public": "on",
        "categories": list(product.categories.values_list("pk", flat=True)),
    } | changes


def test_texts_are_saved_in_both_languages_and_found_by_search(
    desk: Client, shoe: Product, client: Client
) -> None:
    url = reverse("dashboard:product", args=[shoe.pk])
    answer = desk.post(url, texts(shoe, title="Deichschuh", title_en="Dyke shoe"))
    assert answer.status_code == 302, answer.context["form"].errors
    shoe.refresh_from_db()
    assert (shoe.title, shoe.texts["en"]["title"]) == ("Deichschuh", "Dyke shoe")
    assert "deichschuh" in shoe.search_text
    assert "dyke" in shoe.search_text
    assert StaffAction.objects.get(what="edit_product").by.email == "marketing@example.org"


def test_a_hidden_product_leaves_the_shop_and_comes_back(desk: Client, shoe: Product, client: Client) -> None:
    url = reverse("dashboard:product", args=[shoe.pk])
    assert client.get(shoe.get_absolute_url()).status_code == 200
    desk.post(url, texts(shoe, is_public=""))
    assert client.get(shoe.get_absolute_url()).status_code == 404
    desk.post(url, texts(shoe))
    assert client.get(shoe.get_absolute_url()).status_code == 200


def test_categories_are_chosen_by_ticking(desk: Client, shoe: Product) -> None:
    other = make_category("Stiefel")
    desk.post(reverse("dashboard:product", args=[shoe.pk]), texts(shoe, categories=[other.pk]))
    assert list(shoe.categories.values_list("name", flat=True)) == ["Stiefel"]


def test_that_an_article_cannot_be_withdrawn_from_is_said_once_for_all_its_variants(
    desk: Client, shoe: Product
) -> None:
    url = reverse("dashboard:product", args=[shoe.pk])
    assert desk.post(url, texts(shoe, withdrawal_exclusion="quark")).status_code == 400
    assert desk.post(url, texts(shoe, withdrawal_exclusion="sealed_hygiene")).status_code == 302
    shoe.refresh_from_db()
    assert shoe.withdrawal_exclusion == "sealed_hygiene"
    assert all(record.product.excluded_because for record in variants(shoe))


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"title": "x" * 300}, {"categories": ["x"]}, {"categories": []}, {"title_en": ""}],
)
def test_texts_that_cannot_be_are_refused_and_kept_in_the_form(
    changes: dict[str, Any], desk: Client, shoe: Product
) -> None:
    answer = desk.post(reverse("dashboard:product", args=[shoe.pk]), texts(shoe, material="Filz", **changes))
    assert answer.status_code == 400
    assert "Filz" in answer.content.decode()


def test_what_staff_write_is_text_never_markup(desk: Client, shoe: Product, client: Client) -> None:
    evil = "<script>alert(1)</script>"
    desk.post(reverse("dashboard:product", args=[shoe.pk]), texts(shoe, title=evil, description=evil))
    assert evil not in client.get(shoe.get_absolute_url(), follow=True).content.decode()
    assert evil not in desk.get(reverse("dashboard:product", args=[shoe.pk])).content.decode()


def test_a_reduction_shows_the_lowest_price_of_the_last_thirty_days(desk: Client, shoe: Product) -> None:
    url = reverse("dashboard:product-price", args=[shoe.pk])
    said = {"price": "80,00", "variant": "all", "reduced": "on"}
    preview = desk.post(url, said | {"step": "preview"})
    assert [(c.old_minor, c.new_minor, c.reference_minor, c.percent) for c in preview.context["changes"]] == [
        (10_000, 8_000, 10_000, 20)
    ] * 2
    assert {record.price_minor for record in variants(shoe)} == {10_000}
    assert desk.post(url, said | {"step": "save"}).status_code == 302
    assert {(r.price_minor, r.reference_price_minor) for r in variants(shoe)} == {(8_000, 10_000)}
    assert StaffAction.objects.get(what="set_price").facts["price_minor"] == 8_000


def test_a_price_that_was_raised_for_the_sale_is_no_reference(
    desk: Client, shoe: Product, clock: Any
) -> None:
    for record in variants(shoe):
        set_price(stockrecord=record, gross_minor=20_000)
    clock.advance(days=3)
    said = {"price": "120,00", "variant": "all", "reduced": "on", "step": "preview"}
    answer = desk.post(reverse("dashboard:product-price", args=[shoe.pk]), said)
    assert answer.status_code == 400
    assert "price" in answer.context["form"].errors


def test_a_price_that_rises_within_the_sale_is_refused_by_the_form(
    desk: Client, shoe: Product, clock: Any
) -> None:
    for record in variants(shoe):
        set_price(stockrecord=record, gross_minor=8_000, reduced=True)
    clock.advance(days=10)
    said = {"price": "90,00", "variant": "all", "reduced": "on", "step": "preview"}
    answer = desk.post(reverse("dashboard:product-price", args=[shoe.pk]), said)
    assert answer.status_code == 400
    assert "price" in answer.context["form"].errors


def test_one_variant_alone_can_change_its_price(desk: Client, shoe: Product) -> None:
    first, second = variants(shoe)
    said = {"price": "120,00", "variant": str(first.pk), "step": "save"}
    desk.post(reverse("dashboard:product-price", args=[shoe.pk]), said)
    assert [record.price_minor for record in variants(shoe)] == [12_000, 10_000]
    assert PricePeriod.objects.filter(stockrecord=second).count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "0"},
        {"price": "-5"},
        {"price": "x"},
        {"price": "999999,00"},
        {"variant": "999999"},
        {"variant": ""},
    ],
)
def test_a_price_that_cannot_be_is_refused(changes: dict[str, str], desk: Client, shoe: Product) -> None:
    said = {"price": "80,00", "variant": "all", "step": "save"} | changes
    assert desk.post(reverse("dashboard:product-price", args=[shoe.pk]), said).status_code == 400
    assert {record.price_minor for record in variants(shoe)} == {10_000}


def test_a_variant_or_nothing_is_no_product_page(desk: Client, shoe: Product) -> None:
    child = shoe.children.first()
    assert child is not None
    assert desk.get(reverse("dashboard:product", args=[child.pk])).status_code == 404
    assert desk.get(reverse("dashboard:product-price", args=[999_999])).status_code == 404


def test_products_are_found_and_filtered(desk: Client, shoe: Product) -> None:
    boot = make_product("Moorstiefel", stock=0)
    url = reverse("dashboard:products")

    def found(**query: str) -> set[int]:
        return {product.pk for product in desk.get(url, query).context["page"]}

    assert found() == {shoe.pk, boot.pk}
    assert found(q="elbsch") == {shoe.pk}
    assert found(q=variants(boot)[0].partner_sku) == {boot.pk}
    assert found(stock="out") == {boot.pk}
    assert found(shown="no") == set()
    assert desk.get(url, {"format": "csv"}).content.count(b"\n") == 3
    assert desk.get(url, {"stock": "x", "sort": "\\", "page": "-1"}).status_code == 400


def test_the_list_costs_the_same_for_one_and_forty_products(desk: Client, shoe: Product) -> None:
    url = reverse("dashboard:products")
    desk.get(url)
    with CaptureQueriesContext(connection) as one:
        desk.get(url)
    make_many(40)
    with CaptureQueriesContext(connection) as many:
        assert len(desk.get(url).context["page"]) == 41
    assert len(many) == len(one) <= 10
