"""The range: complete in both languages, lawful in its prices, sound in its numbers."""

from __future__ import annotations

from collections import Counter

import pytest
from stdnum import ean

from shop.demo.range import Price, ProductData, categories, makers, opening_stock, products, shades

PRODUCTS = products()


def named(product: ProductData) -> str:
    """The slug, for the test's name."""
    return product.slug


def test_there_are_about_sixty_products_in_every_category_of_the_shop() -> None:
    assert 55 <= len(PRODUCTS) <= 70
    used = {product.category for product in PRODUCTS}
    parents = {category.parent for category in categories()} - {""}
    assert used == {category.key for category in categories()} - parents


def test_slugs_numbers_skus_and_barcodes_are_unique() -> None:
    items = [item for product in PRODUCTS for item in product.items]
    for values in (
        [product.slug for product in PRODUCTS],
        [product.number for product in PRODUCTS],
        [item.sku for item in items],
        [item.upc for item in items],
    ):
        assert [value for value, n in Counter(values).items() if n > 1] == []


def test_every_barcode_has_a_right_check_digit_and_is_of_the_range_for_internal_use() -> None:
    for product in PRODUCTS:
        for item in product.items:
            assert ean.is_valid(item.upc), item
            assert item.upc.startswith("20")


@pytest.mark.parametrize("product", PRODUCTS, ids=named)
def test_a_product_is_described_honestly_in_both_languages(product: ProductData) -> None:
    for language in ("de", "en"):
        assert product.title[language].strip()
        assert product.material[language].strip()
        assert 35 <= len(product.text[language].split()) <= 95, language
    assert product.title["de"] != product.title["en"]
    assert product.text["de"] != product.text["en"]
    assert bool(product.warnings["de"]) == bool(product.warnings["en"])


@pytest.mark.parametrize("product", PRODUCTS, ids=named)
def test_related_products_exist_and_are_others(product: ProductData) -> None:
    slugs = {other.slug for other in PRODUCTS}
    assert set(product.related) <= slugs - {product.slug}


@pytest.mark.parametrize("product", PRODUCTS, ids=named)
def test_prices_run_forward_in_time_and_the_first_is_older_than_the_reference_period(
    product: ProductData,
) -> None:
    days = [price.days_ago for price in product.prices]
    assert days == sorted(days, reverse=True)
    assert len(set(days)) == len(days)
    assert days[0] >= 60
    assert all(price.gross_minor > 0 for price in product.prices)


@pytest.mark.parametrize("product", [p for p in PRODUCTS if p.prices[-1].reduced], ids=named)
def test_an_announced_reduction_is_one_against_the_lowest_price_of_thirty_days(product: ProductData) -> None:
    began = product.prices[-1].days_ago
    asked_daily = []
    for day in range(began + 1, began + 31):  # an independent recount, day by day
        asked_daily.append([price for price in product.prices if price.days_ago >= day][-1].gross_minor)
    assert product.reference_minor == min(asked_daily)
    assert product.reference_minor > product.gross_minor


def test_a_price_set_forty_days_ago_and_asked_until_the_sale_is_the_reference() -> None:
    bille = next(product for product in PRODUCTS if product.slug == "bille")
    assert [price.days_ago for price in bille.prices] == [60, 40, 6]
    assert bille.reference_minor == 11_990


def test_up_and_down_again_the_reference_is_the_lowest_not_the_last() -> None:
    import dataclasses

    prices = (Price(60, 8_000), Price(20, 10_000), Price(5, 9_000, reduced=True))
    product = dataclasses.replace(PRODUCTS[0], prices=prices)
    assert product.reference_minor == 8_000


def test_goods_by_volume_and_weight_carry_their_content() -> None:
    with_content = [product for product in PRODUCTS if product.content_amount]
    assert len(with_content) >= 6
    assert {product.content_unit for product in with_content} == {"ml", "g"}
    for product in with_content:
        amount = f"{product.content_amount} {product.content_unit}"
        assert amount in product.title["de"]
        assert amount in product.title["en"]


def test_a_second_vat_class_exists_for_the_book() -> None:
    assert [p.slug for p in PRODUCTS if p.vat_class == "reduced"] == ["schuhe-pflegen"]


def test_makers_have_postal_and_electronic_addresses_and_outside_the_eu_somebody_inside() -> None:
    for maker in makers().values():
        assert maker.postal_address
        assert maker.electronic_address.endswith(".example")
        outside = maker.postal_address.endswith("United Kingdom")
        assert bool(maker.eu_responsible) == outside


def test_colours_are_named_in_both_languages() -> None:
    for shade in shades().values():
        assert shade.de
        assert shade.en
        assert len(shade.hex) == 7


def test_some_variants_are_sold_out_and_some_are_the_last_piece() -> None:
    stocks = [item.stock for product in PRODUCTS for item in product.items]
    assert stocks.count(0) > 20
    assert stocks.count(1) > 20
    assert all(item.stock for product in PRODUCTS if len(product.sizes) == 1 for item in product.items)
    assert opening_stock(1, "x", "40", ("40",)) == opening_stock(1, "x", "40", ("40",))
