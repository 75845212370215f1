"""What ``legal_check`` finds in rows: goods that lack what product safety asks for, orders whose summary is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalogue.models import Maker, Product, ProductImage
from checkout.order.actions.replacement import place_replacement
from checkout.order.models import AcceptedSummary, Order
from shop.legal.makers import outside_the_eu
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.shopping import make_variant, place_order

pytestmark = pytest.mark.django_db


def test_an_offer_without_picture_type_or_somebody_in_the_eu_is_named(
    lawful_shop: None, faults: Callable[..., Any]
) -> None:
    rule, goods = "product safety", Product.objects.get(title="Wachs")
    assert faults(rule) == {}
    goods.images.all().delete()
    assert faults(rule)[rule] == ["Wachs: a picture is missing"]
    ProductImage.objects.create(product=goods, original="images/products/wachs.png")
    Product.objects.filter(pk=goods.pk).update(product_class=None)
    assert faults(rule)[rule] == ["Wachs: its type is missing"]
    Product.objects.filter(pk=goods.pk).update(product_class=Product.objects.get(title="Priel").product_class)
    far = Maker.objects.create(
        brand="Fern",
        company="Far Ltd",
        postal_address="1 Sample Yard\nSampleton\nUK",
        electronic_address="a@far.example",
    )
    Product.objects.filter(pk=goods.pk).update(maker=far)
    assert faults(rule)[rule] == ["Wachs: the manufacturer is outside the EU, and nobody inside answers"]
    Maker.objects.filter(pk=far.pk).update(eu_responsible="Nah GmbH, Musterkai 3, 20457 Hamburg")
    assert faults(rule) == {}


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("Am Musterpriel 8, 25999 Priel", False),
        ("Rua do Exemplo 41, 4999-999 Vila Exemplo, Portugal", False),
        ("9 Sample Yard, Sampleton NN99 9ZZ, United Kingdom", True),
        ("Musterweg 1\n8001 Zürich\nSchweiz\n", True),
        ("1 Example Road, Shenzhen, P.R. China.", True),
        ("", False),
        (" ,\n", False),
        ("Chinastraße 1, 20457 Hamburg", False),
    ],
)
def test_an_address_says_whether_it_is_outside_the_eu(address: str, outside: bool) -> None:
    assert outside_the_eu(address) is outside


def test_an_order_of_the_web_whose_summary_is_gone_is_named_and_no_other_kind_of_order(
    lawful_shop: None, faults: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = "what was agreed is kept"
    gone, kept = Order.objects.get(), make_order((make_variant(), 1))
    Order.objects.filter(pk=kept.pk).update(placement_key="basket:4711", taken_by=make_staff())
    make_order((make_variant(), 1))  # written by an import: no basket stands behind it
    gone.lines.update(quantity_dispatched=1)
    place_replacement(order=gone, pieces={gone.lines.get().pk: 1}, source="test", why="torn")
    assert Order.objects.count() == 4 and faults(rule) == {}
    AcceptedSummary.objects.filter(order=gone).delete()
    assert faults(rule)[rule] == [f"order {gone.number}: no summary is kept"]
    Order.objects.exclude(pk=gone.pk).update(taken_by=None)
    assert faults(rule)[rule] == [
        f"order {number}: no summary is kept" for number in (kept.number, gone.number)
    ]
    monkeypatch.setattr("shop.legal.database.LATEST", 1)
    newest = place_order((make_variant(), 1), accepted_html="<p>1</p>")
    assert AcceptedSummary.objects.filter(order=newest).exists()
    assert len(faults(rule)[rule]) == 2, "however old an order is: every one"
