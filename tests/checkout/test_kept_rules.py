"""Pages of the checkout remember charges, ways to pay and that there are no offers; a change is seen, an order never
rests on what was remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.apps.address.models import Country
from oscar.apps.offer.models import ConditionalOffer

from checkout.order.models import Order
from checkout.payment.models import MethodRule
from checkout.shipping.models import DeliveryCharge, DeliveryMethod
from shop.kernel import sharing
from tests.checkout.test_steps import CONTACT, go_to_summary, order_button, put_in_basket
from tests.factories.offers import make_offer, make_voucher
from tests.factories.shopping import make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _kept(settings: Any) -> None:
    """Compared at each visit: what would be within a quarter of a second is at once."""
    settings.PARTS_KEPT_S = 60
    settings.SHARED_CHECKED_S = 0


@pytest.fixture
def guest() -> Client:
    client = Client()
    put_in_basket(client, make_variant(price_minor=8_990))
    go_to_summary(client)
    return client


def text(client: Client, step: str) -> str:
    answer = client.get(reverse(f"checkout:{step}"))
    assert answer.status_code == 200
    return str(answer.content.decode())


def _switch_home_off() -> None:
    DeliveryMethod.objects.filter(code="home").update(enabled=False)


#: What is changed (past the models, as another process would), the page that shows it, and what it then says.
CHANGES: dict[str, tuple[Callable[[], Any], str, str]] = {
    "a charge": (lambda: DeliveryCharge.objects.update(gross_minor=777), "delivery", "7,77"),
    "a way to pay": (
        lambda: MethodRule.objects.filter(method="prepayment").update(minimum_minor=99_999),
        "payment",
        "so kleine",
    ),
    "an offer for everybody": (lambda: make_offer("Sommer", percent=10), "delivery", "Rabatt"),
    "an offer that was over": (
        lambda: ConditionalOffer.objects.update(end_datetime=None),
        "delivery",
        "Rabatt",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_shown_by_the_next_page(change: str) -> None:
    make_offer("Vorbei", percent=20)
    ConditionalOffer.objects.update(end_datetime="2020-01-01T00:00:00Z")
    client = Client()
    put_in_basket(client, make_variant(price_minor=8_990))
    go_to_summary(client)
    deed, step, said = CHANGES[change]
    assert said not in text(client, step)
    deed()
    assert said in text(client, step)


@pytest.mark.parametrize("page", ["/basket/", "/checkout/"])
def test_a_country_is_offered_and_no_longer_offered_by_the_next_page(guest: Client, page: str) -> None:
    austria = Country.objects.filter(pk="AT")
    for ships, said in ((True, True), (False, False), (True, True)):
        austria.update(is_shipping_country=ships)
        assert ('value="AT"' in guest.get(page, follow=True).content.decode()) == said


def test_a_way_to_deliver_that_is_switched_off_is_gone_from_the_next_page(guest: Client) -> None:
    field = 'name="delivery" id="delivery-1" value="home"'
    assert field in text(guest, "delivery")
    _switch_home_off()
    assert field not in text(guest, "delivery")


@pytest.mark.parametrize(
    "deed",
    [
        lambda: DeliveryCharge.objects.update(gross_minor=777),
        _switch_home_off,
        lambda: MethodRule.objects.filter(method="prepayment").update(enabled=False),
        lambda: make_offer("Sommer", percent=10),
    ],
    ids=["charge", "way to deliver", "way to pay", "offer"],
)
def test_no_order_is_placed_at_what_was_only_remembered(
    deed: Callable[[], Any], guest: Client, settings: Any
) -> None:
    """The change comes between two looks, which are an hour apart here: the pages do not know it yet."""
    settings.SHARED_CHECKED_S = 3600
    sharing.forget()
    page = guest.get(reverse("checkout:summary"))
    deed()
    assert guest.get(reverse("checkout:summary")).context["seen"] == page.context["seen"], "nothing was kept"
    answer = guest.post(reverse("checkout:summary"), order_button(page))
    assert answer.status_code == 302 and "/orders/" not in answer["Location"]
    assert not Order.objects.exists()


def test_steps_without_offers_and_vouchers_ask_for_none(guest: Client) -> None:
    text(guest, "delivery")
    with CaptureQueriesContext(connection) as seen:
        text(guest, "delivery")
    said = [one["sql"] for one in seen.captured_queries]
    for table in ("offer_conditionaloffer", "voucher_voucher", "shipping_deliverycharge"):
        assert not [sql for sql in said if f'FROM "{table}"' in sql], table


def test_a_voucher_takes_off_at_once_in_the_very_request_that_brings_it(guest: Client) -> None:
    make_voucher("ZEHN", percent=10)
    text(guest, "delivery")
    answer = guest.post(reverse("basket:voucher_add"), {"code": "ZEHN"}, follow=True)
    assert "Ihr Gutschein ist abgezogen" in answer.content.decode()
    page = guest.get(reverse("checkout:summary"))
    assert page.context["quote"].totals.discount_minor == 899
    guest.post(reverse("checkout:contact"), CONTACT)
    guest.post(reverse("checkout:summary"), order_button(page))
    assert Order.objects.get().total_minor == page.context["quote"].totals.total_minor
