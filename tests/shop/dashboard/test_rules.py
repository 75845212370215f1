"""Ways to pay and to deliver as staff see and change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from checkout.payment.models import MethodRule
from checkout.payment.rules import Case, offers
from checkout.shipping.models import DeliveryCharge, DeliveryMethod
from checkout.shipping.queries import estimate, options
from shop.dashboard.rules import sentences

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(as_role: Callable[[str], Client]) -> Client:
    return as_role("finance")


def invoice_rule(**changes: Any) -> dict[str, Any]:
    return {
        "enabled": "on",
        "countries": "de, at",
        "minimum_minor": "10,00",
        "maximum_minor": "1.500,00",
        "same_country": "on",
        "registered_only": "on",
        "paid_orders_needed": "2",
        "exposure_limit_minor": "2000",
        "dunning_level_below": "1",
        "due_days": "30",
    } | changes


def test_a_rule_is_changed_in_euros_and_the_checkout_goes_by_it(office: Client) -> None:
    url = reverse("dashboard:rule", args=["invoice"])
    answer = office.post(url, invoice_rule())
    assert answer.status_code == 302, answer.context["form"].errors
    rule = MethodRule.objects.get(method="invoice")
    assert (rule.countries, rule.minimum_minor, rule.maximum_minor, rule.due_days) == (
        "DE,AT",
        1_000,
        150_000,
        30,
    )
    office.post(url, invoice_rule(enabled=""))
    assert "invoice" not in {offer.method for offer in offers(Case(5_000, "DE", "DE"))}


def test_every_change_says_by_whom(office: Client) -> None:
    office.post(reverse("dashboard:rule", args=["invoice"]), invoice_rule())
    change = MethodRule.history.filter(method="invoice").first()
    assert change.history_user.email == "finance@example.org"
    assert "finance@example.org" in office.get(reverse("dashboard:rules")).content.decode() or "Finance" in (
        office.get(reverse("dashboard:rules")).content.decode()
    )


def test_a_preview_says_what_the_rule_would_do_and_saves_nothing(office: Client) -> None:
    url = reverse("dashboard:rule", args=["invoice"])
    answer = office.post(url, invoice_rule(step="preview"))
    assert answer.status_code == 200
    assert any("DE, AT" in sentence for sentence in answer.context["preview"])
    assert MethodRule.objects.get(method="invoice").countries == "DE"


@pytest.mark.parametrize(
    "changes",
    [
        {"countries": "DE,XX"},
        {"minimum_minor": "viel"},
        {"minimum_minor": "-1"},
        {"minimum_minor": "100", "maximum_minor": "50"},
        {"due_days": "51"},
        {"due_days": "9" * 30},
        {"paid_orders_needed": "-1"},
        {"maximum_minor": "9" * 40},
    ],
)
def test_what_cannot_be_a_rule_is_refused_beside_the_field(changes: dict[str, str], office: Client) -> None:
    answer = office.post(reverse("dashboard:rule", args=["invoice"]), invoice_rule(**changes))
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) & set(changes)


def test_card_has_no_personal_rules_and_an_unknown_way_is_no_page(office: Client) -> None:
    form = office.get(reverse("dashboard:rule", args=["card"])).context["form"]
    assert "registered_only" not in form.fields
    assert office.get(reverse("dashboard:rule", args=["gold"])).status_code == 404


def test_sentences_follow_each_switch() -> None:
    plain = {"method": "invoice", "minimum_minor": 0, "due_days": 14}
    with translation.override("en"):
        assert len(sentences(MethodRule(**plain, enabled=False))) == 1
        few = sentences(MethodRule(**plain))
        assert len(few) == 2
        more = sentences(
            MethodRule(
                **plain,
                maximum_minor=50_000,
                registered_only=True,
                paid_orders_needed=1,
                exposure_limit_minor=80_000,
                dunning_level_below=2,
            )
        )
        assert len(more) == len(few) + 5
        assert "Up to €500.00 an order." in more


def method_data(method: DeliveryMethod, charges: list[DeliveryCharge], **changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": method.name,
        "name_en": "Home delivery",
        "description": "",
        "description_en": "",
        "carrier": method.carrier,
        "days_min": "2",
        "days_max": "4",
        "enabled": "on",
        "position": "1",
        "charge-TOTAL_FORMS": str(len(charges) + 1),
        "charge-INITIAL_FORMS": str(len(charges)),
    }
    for n, charge in enumerate(charges):
        data |= {
            f"charge-{n}-id": charge.pk,
            f"charge-{n}-country": charge.country,
            f"charge-{n}-weight_to_g": charge.weight_to_g,
            f"charge-{n}-gross_minor": f"{charge.gross_minor / 100:.2f}".replace(".", ","),
            f"charge-{n}-free_from_minor": "",
        }
    new = len(charges)
    blank = {"id": "", "country": "", "weight_to_g": "", "gross_minor": "", "free_from_minor": ""}
    data |= {f"charge-{new}-{name}": value for name, value in blank.items()}
    return data | changes


@pytest.fixture
def pickup() -> DeliveryMethod:
    return DeliveryMethod.objects.get(code="pickup")


def test_a_charge_is_changed_added_and_removed(office: Client, pickup: DeliveryMethod) -> None:
    charges = list(pickup.charges.all())
    url = reverse("dashboard:delivery-method", args=["pickup"])
    changes = {
        "charge-0-gross_minor": "1,50",
        f"charge-{len(charges)}-country": "at",
        f"charge-{len(charges)}-weight_to_g": "5000",
        f"charge-{len(charges)}-gross_minor": "9,90",
        f"charge-{len(charges)}-free_from_minor": "100",
    }
    answer = office.post(url, method_data(pickup, charges, **changes))
    assert answer.status_code == 302, (answer.context["form"].errors, answer.context["charges"].errors)
    gross = {(c.country, c.gross_minor, c.free_from_minor) for c in pickup.charges.all()}
    assert gross == {("DE", 150, None), ("AT", 990, 10_000)}
    [austria] = [o for o in options(country="AT", weight_g=900, goods_minor=2_000) if o.code == "pickup"]
    assert austria.gross_minor == 990
    charges = list(pickup.charges.all())
    office.post(url, method_data(pickup, charges, **{"charge-0-DELETE": "on"}))
    assert pickup.charges.count() == 1
    assert DeliveryCharge.history.filter(history_type="-").first().history_user.email == "finance@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"days_min": "9"},
        {"name": ""},
        {"charge-0-gross_minor": "x"},
        {"charge-0-gross_minor": "-5"},
        {"charge-0-weight_to_g": "0"},
        {"charge-0-country": "XX"},
        {"charge-0-id": "999999"},
        {"charge-TOTAL_FORMS": "x"},
        {"charge-1-country": "DE", "charge-1-weight_to_g": "1000000", "charge-1-gross_minor": "1"},
    ],
)
def test_what_cannot_be_a_charge_is_refused_and_nothing_is_saved(
    changes: dict[str, str], office: Client, pickup: DeliveryMethod
) -> None:
    charges = list(pickup.charges.all())
    url = reverse("dashboard:delivery-method", args=["pickup"])
    assert office.post(url, method_data(pickup, charges, **changes)).status_code == 400
    assert [charge.gross_minor for charge in pickup.charges.all()] == [0]


def test_the_list_of_ways_to_deliver_names_each(office: Client) -> None:
    text = office.get(reverse("dashboard:delivery")).content.decode()
    for method in DeliveryMethod.objects.all():
        assert method.name in text


def test_a_changed_charge_is_what_the_basket_says_at_once(settings: Any) -> None:
    """Not a minute later, when the checkout has charged the new one long since."""
    settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 0
    asked = {"country": "DE", "weight_g": 500, "goods_minor": 1_000}
    before = estimate(**asked)
    assert before and estimate(**asked) == before
    DeliveryCharge.objects.filter(country="DE").update(gross_minor=590)
    assert {one.gross_minor for one in options(**asked)} == {590}
    assert estimate(**asked) == options(**asked)
    DeliveryMethod.objects.filter(code=before[0].code).update(enabled=False)
    assert before[0].code not in {one.code for one in estimate(**asked)}
