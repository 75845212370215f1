"""One box for everything, within the rooms of one's role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.finance import invoice_for
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db
SEARCH = "dashboard:search"


def test_an_exact_number_opens_its_page(as_role: Callable[[str], Client]) -> None:
    invoice = invoice_for(make_user("anna@example.org"))
    desk = as_role("finance")
    order = desk.get(reverse(SEARCH), {"q": f" {invoice.order_number.lower()} "})
    assert order.headers["Location"] == reverse("dashboard:order", args=[invoice.order_number])
    paper = desk.get(reverse(SEARCH), {"q": invoice.number})
    assert paper.headers["Location"] == reverse("finance:invoice", args=[invoice.number])


def test_words_list_what_fits(as_role: Callable[[str], Client]) -> None:
    anna = make_user("anna@example.org", first_name="Anna")
    order = place_order((make_variant(), 1), user=anna, method="prepayment")
    text = as_role("service").get(reverse(SEARCH), {"q": "anna"}).content.decode()
    assert reverse("dashboard:order", args=[order.number]) in text
    assert reverse("dashboard:customer", args=[anna.pk]) in text


def test_a_role_finds_only_what_it_may_open(as_role: Callable[[str], Client]) -> None:
    order = place_order((make_variant(), 1), method="prepayment")
    answer = as_role("warehouse").get(reverse(SEARCH), {"q": order.number})
    assert answer.status_code == 200
    assert answer.context["nothing"]


@pytest.mark.parametrize("text", ["", " ", "%", "'", "x" * 5_000, "😀", "<b>", "\\"])
def test_odd_words_find_nothing_and_break_nothing(text: str, as_role: Callable[[str], Client]) -> None:
    answer = as_role("manager").get(reverse(SEARCH), {"q": text})
    assert answer.status_code == 200
    assert "<b>" not in answer.content.decode()
