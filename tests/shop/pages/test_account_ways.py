"""The ways on the account's pages, as they are written in them: each is there and leads somewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from oscar.apps.address.models import UserAddress

from fulfilment.finance.invoicing import files
from fulfilment.finance.invoicing.models import Invoice
from shop.customers.models import User
from tests.checkout.test_steps import put_in_basket
from tests.factories.shopping import make_user, make_variant
from tests.fulfilment.finance import orders as finance
from tests.shop.customers.test_own_sessions import confirm, sign_in
from tests.shop.customers.test_sessions import PASSWORD

pytestmark = pytest.mark.django_db
#: What the menu of the account leads to; the way out is a button beside it.
MENU = (
    "account:overview", "account:orders", "account:invoices", "account:credit", "account:requests", "wishes:list",
    "reviews:mine", "account:addresses", "account:profile", "account:newsletter", "account_email",
    "account_change_password", "mfa_index", "account:sessions", "withdrawal",
)  # fmt: skip


@pytest.fixture
def person() -> User:
    made = make_user("erika@example.org")
    made.set_password(PASSWORD)
    made.save()
    return made


@pytest.fixture
def member(person: User) -> Client:
    """Signed in, the password shown just now."""
    device = sign_in(person)
    confirm(device)
    return device


def links_of(html: str, opens: str, closes: str) -> list[str]:
    """The addresses of all links between two pieces of a page, in their order."""
    return re.findall(r'<a [^>]*?href="([^"]+)"', html.partition(opens)[2].partition(closes)[0])


def test_each_entry_of_the_menu_leads_to_its_page(member: Client) -> None:
    html = member.get(reverse("account:overview")).content.decode()
    menu = links_of(html, '<nav class="account-nav"', "</nav>")
    assert menu == [reverse(name) for name in MENU]
    for url in menu:
        answer = member.get(url)
        assert answer.status_code == 200, url
        page = answer.content.decode()
        if url != reverse("withdrawal"):  # open to everybody, and no page of the account
            assert f'href="{url}" aria-current="page"' in page.partition('<nav class="account-nav"')[2], url
    assert f'action="{reverse("account_logout")}"' in html.partition('<nav class="account-nav"')[2]


def test_the_profile_leads_to_the_deletion(member: Client) -> None:
    html = member.get(reverse("account:profile")).content.decode()
    links = links_of(html, "<main", "</main>")
    assert reverse("account:delete") in links and reverse("account:sessions") in links
    assert "Konto löschen" in member.get(reverse("account:delete")).content.decode()


def test_an_invoice_of_the_list_is_fetched_as_pdf(member: Client, person: User, outbox: Any) -> None:
    order = finance.make_order(method="invoice", user=person)
    finance.dispatch(order)
    outbox.drain()
    invoice = Invoice.objects.get(order=order)
    before = member.get(reverse("account:invoices")).content.decode()
    url = reverse("orders:invoice", args=[order.number, invoice.number])
    assert invoice.number in before and url not in before, "no link before there is a file"
    files.make(invoice.pk)
    for page in ("account:invoices", "account:overview"):
        html = member.get(reverse(page)).content.decode()
        assert url in links_of(html, '<table class="table table--cards"', "</table>"), page
    answer = member.get(url)
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    assert answer["Content-Disposition"] == f'inline; filename="{invoice.number}.pdf"'
    stranger = Client()
    stranger.force_login(make_user())
    assert stranger.get(url).status_code == 404
    assert url not in stranger.get(reverse("account:invoices")).content.decode()


def test_the_first_step_lists_the_addresses_of_whoever_is_signed_in(member: Client, person: User) -> None:
    put_in_basket(member, make_variant())
    for owner, street in ((person, "Musterweg 1"), (person, "Hafenstraße 9"), (make_user(), "Fremder Weg 3")):
        UserAddress.objects.create(
            user=owner, first_name="Erika", last_name="Beispiel", line1=street, postcode="20457", line4="Hamburg",
            country_id="DE",
        )  # fmt: skip
    url = reverse("checkout:contact")
    html = member.get(url).content.decode()
    book = html.partition('<details class="stack other-address">')[2].partition("</details>")[0]
    second = UserAddress.objects.get(line1="Hafenstraße 9")
    assert re.findall(r'href="([^"]+)"', book) == [
        f"?address={pk}" for pk in UserAddress.objects.filter(user=person).values_list("pk", flat=True)
    ]
    assert "Erika Beispiel, Hafenstraße 9, 20457 Hamburg" in book and "Fremder Weg" not in html
    chosen = member.get(f"{url}?address={second.pk}").content.decode()
    assert 'value="Hafenstraße 9"' in chosen
