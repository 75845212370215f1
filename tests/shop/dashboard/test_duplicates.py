"""Two accounts that may be one person's are found with reasons, listed, and not proposed again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.apps.address.models import UserAddress

from fulfilment.finance.reconciliation.models import LearnedRule
from shop.customers.actions import keep_apart
from shop.customers.models import DistinctCustomers
from shop.dashboard.duplicates import duplicates
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db


def reasons(**filters: str) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(one.first.email, one.second.email): one.codes for one in duplicates(**filters)}


def test_duplicates_are_found_by_spelling_phone_address_and_bank_account() -> None:
    first = make_user(
        "hanna.hafen@example.org", first_name="Hanna", last_name="Hafen", phone="+49 40 1234567"
    )
    make_user("HannaHafen+schuhe@example.org")
    make_user("h@example.org", phone="(040) 123 45-67")
    fourth = make_user("hh@example.org", first_name="Hanna", last_name="Hafen")
    for person in (first, fourth):
        UserAddress.objects.create(
            user=person, first_name="hanna", last_name="HAFEN", line1=f"Kai {person.pk}", line4="HH",
            postcode="20457", country_id="DE",
        )  # fmt: skip
    fifth = make_user("bank@example.org")
    for person in (first, fifth):
        LearnedRule.objects.create(kind="payer", iban="DE9", customer=f"user:{person.pk}")
    make_user("otto@example.org", phone="040 999")
    mail = first.email
    assert reasons() == {
        (mail, "HannaHafen+schuhe@example.org"): ("spelling",),
        (mail, "h@example.org"): ("phone",),
        (mail, "hh@example.org"): ("address",),
        (mail, "bank@example.org"): ("iban",),
    }
    assert list(reasons(words="bank")) == [(mail, "bank@example.org")]
    assert list(reasons(reason="phone")) == [(mail, "h@example.org")]


def test_addresses_of_orders_are_compared_too() -> None:
    for number in range(2):
        place_order((make_variant(), 1), user=make_user(f"k{number}@example.org"))
    assert reasons() == {("k0@example.org", "k1@example.org"): ("address",)}


def test_two_people_are_not_proposed_again(service: Client) -> None:
    one, other = make_user("a@example.org", phone="040 123456"), make_user("b@example.org", phone="040123456")
    address = reverse("dashboard:customer-merge-apart", args=[other.pk, one.pk])
    service.post(address, {"why": ""})
    assert reasons()
    service.post(address, {"why": "Mutter und Tochter"})
    assert (
        keep_apart(one=one.pk, other=other.pk, why="", by=None) is False
    )  # known, so no reason is asked for
    itself = reverse("dashboard:customer-merge-apart", args=[one.pk, one.pk])
    refused = service.post(itself, {"why": "Zwilling"})
    assert refused.status_code == 302 and DistinctCustomers.objects.count() == 1
    assert DistinctCustomers.objects.get().first == one and not reasons()


def test_the_list_is_searched_filtered_sorted_and_downloaded_in_few_queries(service: Client) -> None:
    address = reverse("dashboard:duplicates")
    assert service.get(address).status_code == 200
    for number in range(3):
        make_user(f"a{number}@example.org", phone=f"040 12345{number}")
        make_user(f"b{number}@example.org", phone=f"04012345{number}")
    with CaptureQueriesContext(connection) as queries:
        assert len(service.get(address, {"sort": "first"}).context["page"]) == 3
    assert len(queries) <= 15
    assert len(service.get(address, {"q": "a1"}).context["page"]) == 1
    assert not service.get(address, {"reason": "iban"}).context["page"].object_list
    assert service.get(address, {"reason": "x"}).status_code == 400
    assert "b2@example.org" in service.get(address, {"format": "csv"}).content.decode()
