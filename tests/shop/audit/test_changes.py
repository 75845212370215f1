"""Every change of a person's data is a row of the access log: what it was, what it is, who changed it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.actions import correct_address, take_back_carrier_contact
from checkout.order.models import Order
from fulfilment.finance.sepa.actions import give_account
from shop.audit.models import CHANGE, Access
from shop.kernel.clock import now
from tests.factories.orders import make_country
from tests.factories.people import make_staff, make_user
from tests.factories.shopping import make_variant, place_order
from tests.fulfilment.finance.sepa.money import THEIRS, prepaid, refund_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def changes() -> list[tuple[str, str, str, dict[str, Any]]]:
    rows = Access.objects.filter(deed=CHANGE).order_by("pk")
    return [(row.kind, row.key, row.by_name, row.facts) for row in rows]


def test_a_corrected_address_and_an_agreement_taken_back_name_who_changed_what() -> None:
    clerk, buyer = make_staff("clerk@example.org"), make_user("anna@example.org")
    order = place_order((make_variant(), 1), method="invoice", user=buyer)
    correct_address(order=order, by=clerk, why="typing fault", line1="Musterweg 2")
    Order.objects.filter(pk=order.pk).update(carrier_contact_agreed_at=now())
    assert take_back_carrier_contact(order=order, by=clerk)
    assert not take_back_carrier_contact(order=order, by=clerk)
    assert changes() == [
        ("order", order.number, "clerk@example.org",
         {"fields": {"line1": ["Musterweg 1", "Musterweg 2"]}, "why": "typing fault"}),
        ("order", order.number, "clerk@example.org", {"fields": {"carrier_contact": [True, False]}}),
    ]  # fmt: skip
    assert set(Access.objects.values_list("person_id", flat=True)) == {buyer.pk}


def test_another_account_for_a_refund_is_written_down_with_its_ends_only() -> None:
    clerk = make_staff("clerk@example.org")
    refund = refund_of(prepaid())
    give_account(thing=refund, name="Hanna Petersen", iban=THEIRS, source="by phone", by=clerk)
    [(kind, key, who, facts)] = changes()
    assert (kind, key, who, facts["why"]) == (
        "account",
        f"refund {refund.pk}",
        "clerk@example.org",
        "by phone",
    )
    assert facts["fields"]["iban"][1] == "DE02 … 2051"
    assert THEIRS not in str(facts)


def test_customers_who_change_their_address_book_leave_a_row_and_no_name_of_staff(client: Client) -> None:
    make_country()
    buyer = make_user("anna@example.org")
    client.force_login(buyer)
    said = {
        "first_name": "Anna", "last_name": "Albers", "line1": "Deichweg 1", "postcode": "20457", "line4": "Hamburg",
        "country": "DE",
    }  # fmt: skip
    assert client.post(reverse("account:address_new"), said).status_code == 302
    pk = buyer.addresses.get().pk
    assert (
        client.post(reverse("account:address", args=[pk]), said | {"line1": "Deichweg 2"}).status_code == 302
    )
    assert client.post(reverse("account:address_delete", args=[pk])).status_code == 302
    made, changed, gone = changes()
    assert {one[:3] for one in (made, changed, gone)} == {("customer", str(buyer.pk), "")}
    assert made[3]["fields"]["line1"] == ["", "Deichweg 1"]
    assert changed[3]["fields"] == {"line1": ["Deichweg 1", "Deichweg 2"]}
    assert gone[3]["fields"]["line1"] == ["Deichweg 2", ""]
