"""The staff pages of finance: they open, they say what is asked, they refuse nonsense in words."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.reconciliation.models import Receipt
from tests.fulfilment.finance.filled import busy
from tests.fulfilment.finance.orders import make_staff
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
NAUGHTY = [
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "\u202eevil",
    "💥" * 30,
    "%",
    "_",
    "9" * 40,
    "-1",
    "1e400",
]


def addresses(invoice: Invoice) -> list[str]:
    receipt = Receipt.objects.latest("pk")
    assignment = receipt.assignments.latest("pk")
    return [
        reverse("finance:index"),
        reverse("finance:trial-balance"),
        reverse("finance:account", args=["1400"]),
        reverse("finance:journal"),
        reverse("finance:entry", args=[Entry.objects.earliest("pk").pk]),
        reverse("finance:open-items"),
        reverse("finance:invoices"),
        reverse("finance:invoice", args=[invoice.number]),
        reverse("finance:credit-note", args=[invoice.number]),
        reverse("finance:cancel-invoice", args=[invoice.number]),
        reverse("finance:receipts"),
        reverse("finance:record-receipt"),
        reverse("finance:receipt-suggestions") + "?amount=5,00",
        reverse("finance:receipt", args=[receipt.pk]),
        reverse("finance:withdraw-receipt", args=[receipt.pk]),
        reverse("finance:undo-assignment", args=[assignment.pk]),
        reverse("finance:transfers"),
        reverse("finance:merchant"),
    ]


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_opens_in_both_languages(outbox: Outbox, desk: Client, language: str) -> None:
    invoice = busy(outbox)
    for address in addresses(invoice):
        response = desk.get(address, headers={"accept-language": language})
        assert response.status_code == 200, address


def test_every_page_is_for_staff_with_the_permission_alone(outbox: Outbox, desk: Client) -> None:
    invoice = busy(outbox)
    pages = addresses(invoice)
    nobody = Client()
    shopper = Client()
    shopper.force_login(get_user_model().objects.create_user(email="a@example.com", password="x"))
    clerk = Client()
    clerk.force_login(make_staff("b@example.com"))
    for address in pages:
        assert nobody.get(address).status_code == 302, address
        assert shopper.get(address).status_code == 403, address
        assert clerk.get(address).status_code == 403, address


def test_no_page_needs_more_queries_for_more_rows(outbox: Outbox, desk: Client) -> None:
    lists = ["index", "trial-balance", "journal", "open-items", "invoices", "receipts"]
    pages = [reverse(f"finance:{name}") for name in lists] + [reverse("finance:account", args=["1400"])]
    busy(outbox)
    few = {page: _queries(desk, page) for page in pages}
    busy(outbox, times=8)
    assert {page: _queries(desk, page) for page in pages} == few
    assert max(few.values()) <= 25


def _queries(desk: Client, page: str) -> int:
    desk.get(page)
    with CaptureQueriesContext(connection) as caught:
        assert desk.get(page).status_code == 200
    return len(caught)


@pytest.mark.parametrize("value", NAUGHTY)
def test_junk_in_filters_is_answered_without_an_error_of_ours(
    outbox: Outbox, desk: Client, value: str
) -> None:
    invoice = busy(outbox)
    for address in addresses(invoice):
        for name in (
            "q",
            "state",
            "kind",
            "first",
            "last",
            "amount",
            "age",
            "page",
            "sort",
            "search",
            "text",
        ):
            response = desk.get(address.split("?")[0], {name: value})
            assert response.status_code in (200, 400), (address, name)
            assert "<script>alert(1)" not in response.content.decode(), address


def test_things_that_do_not_exist_are_not_found(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    for name, key in [
        ("invoice", "R9999-000001"), ("invoice-pdf", "R9999-000001"), ("credit-note", "nothing"), ("account", "9999"),
        ("entry", 10**7), ("entry", 10**30), ("receipt", 10**7), ("receipt", 10**30), ("undo-assignment", 10**30),
        ("withdraw-receipt", 10**30), ("note-sent", 10**30),
    ]:  # fmt: skip
        assert desk.get(reverse(f"finance:{name}", args=[key])).status_code == 404, (name, key)


def test_the_start_page_says_what_is_unexplained_and_what_waits(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    context = desk.get(reverse("finance:index")).context
    assert context["unexplained_minor"] == 500
    assert context["difference_minor"] == 0
    assert context["bank_minor"] == 2_000
    assert len(context["tasks"]) >= 2
