"""The account: one's own orders, invoices, addresses and data, and never somebody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.apps.address.models import UserAddress

from shop.customers.actions import ADDRESSES_MAX, NotChanged, save_address
from shop.customers.models import User
from shop.pages.account_addresses import MOST
from tests.factories.orders import make_country, make_order
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db
PAGES = ["/account/", "/account/orders/", "/account/invoices/", "/account/addresses/", "/account/profile/"]
ADDRESS = {
    "first_name": "Erika", "last_name": "Muster", "line2": "", "line1": "Musterweg 1", "postcode": "20457",
    "line4": "Hamburg", "country": "DE",
}  # fmt: skip


@pytest.fixture
def person() -> User:
    ensure_vat()
    make_country()
    return make_user()


@pytest.fixture
def member(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def stranger() -> Client:
    other = Client()
    other.force_login(make_user())
    return other


def save(client: Client, **changes: Any) -> Any:
    return client.post("/account/addresses/new/", {**ADDRESS, **changes})


@pytest.mark.parametrize("url", [*PAGES, "/account/orders/K1/", "/account/addresses/1/"])
def test_whoever_is_not_signed_in_is_sent_to_the_login_and_comes_back(client: Client, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={url}"


@pytest.mark.parametrize("url", PAGES)
def test_every_page_has_an_empty_state_in_both_languages(member: Client, url: str) -> None:
    for prefix, language in (("", "de"), ("/en", "en")):
        html = member.get(f"{prefix}{url}").content.decode()
        assert f'lang="{language}"' in html
        assert 'class="account-nav"' in html


def test_ones_own_orders_are_listed_and_lead_to_their_page(member: Client, person: User) -> None:
    order = make_order((make_variant(title="Elbschuh"), 2), user=person)
    assert order.number in member.get("/account/orders/").content.decode()
    response = member.get(f"/account/orders/{order.number}/", follow=True)
    assert response.status_code == 200
    assert order.number in response.content.decode()


def test_somebody_elses_order_does_not_exist(member: Client) -> None:
    order = make_order((make_variant(), 1), user=make_user())
    guest = make_order((make_variant(), 1))
    for number in (order.number, guest.number, "NIX", "9" * 200):
        assert member.get(f"/account/orders/{number}/").status_code == 404


def test_orders_are_paged_at_a_constant_cost(member: Client, person: User) -> None:
    record = make_variant(stock=99)

    def cost(url: str) -> int:
        member.get(url)
        with CaptureQueriesContext(connection) as seen:
            assert member.get(url).status_code == 200
        return len(seen)

    make_order((record, 1), user=person)
    one = cost("/account/orders/")
    for _ in range(21):
        make_order((record, 1), user=person)
    assert cost("/account/orders/") == one <= 8
    assert len(member.get("/account/orders/", {"page": "2"}).context["page_obj"].object_list) == 2
    assert member.get("/account/orders/", {"page": "abc"}).status_code == 200


def test_only_ones_own_invoices_are_listed_with_what_is_open(member: Client, person: User) -> None:
    invoice = make_invoice(person)
    for url in ("/account/", "/account/invoices/"):
        html = member.get(url).content.decode()
        assert invoice.number in html and "99,90" in html
    assert invoice.number not in stranger().get("/account/invoices/").content.decode()


def make_invoice(person: User) -> Any:
    """A row as issuing leaves it; its own tests are in finance."""
    from fulfilment.finance.invoicing.models import Invoice, OrderAccount
    from shop.kernel.clock import today

    order = make_order((make_variant(), 1), user=person)
    account, _ = OrderAccount.objects.get_or_create(order=order, defaults={"order_number": order.number})
    return Invoice.objects.create(
        number="R2026-000001", source="parcel:1", order=order, account=account, user=person, order_number=order.number,
        order_placed_on=today(), net_minor=8_395, vat_minor=1_595, gross_minor=9_990, open_minor=9_990,
        issued_on=today(), due_on=today(), seller={}, buyer={}, taxes=[],
    )  # fmt: skip


def test_addresses_are_added_changed_and_deleted(member: Client, person: User) -> None:
    assert save(member)["Location"] == "/account/addresses/"
    mine = UserAddress.objects.get(user=person)
    member.post(f"/account/addresses/{mine.pk}/", {**ADDRESS, "line1": "Neuer Weg 2"})
    mine.refresh_from_db()
    assert mine.line1 == "Neuer Weg 2"
    member.post(f"/account/addresses/{mine.pk}/delete/")
    assert not UserAddress.objects.filter(user=person).exists()


def test_there_is_one_usual_address_of_each_kind(member: Client, person: User) -> None:
    save(member)
    save(member, line1="Zweiter Weg 2")
    first, second = UserAddress.objects.filter(user=person).order_by("pk")
    for address in (first, second):
        member.post(f"/account/addresses/{address.pk}/default/shipping/")
    flags = (
        UserAddress.objects.filter(user=person)
        .order_by("pk")
        .values_list("is_default_for_shipping", flat=True)
    )
    assert list(flags) == [False, True]
    assert member.post(f"/account/addresses/{first.pk}/default/junk/").status_code == 404


def test_somebody_elses_address_does_not_exist(member: Client, person: User) -> None:
    other = stranger()
    save(other, line1="Geheimweg 9")
    foreign = UserAddress.objects.exclude(user=person).get()
    for action in ("", "delete/", "default/billing/"):
        assert member.post(f"/account/addresses/{foreign.pk}/{action}", ADDRESS).status_code == 404
    assert member.get(f"/account/addresses/{foreign.pk}/").status_code == 404
    assert member.get(f"/account/addresses/{10**30}/").status_code == 404
    assert "Geheimweg" not in member.get("/account/addresses/").content.decode()
    foreign.refresh_from_db()
    assert foreign.line1 == "Geheimweg 9"


@pytest.mark.parametrize(
    "changes",
    [{"postcode": "abc"}, {"country": "XX"}, {"first_name": ""}, {"line1": "\u202e"}, {"line4": "x" * 500}],
)
def test_a_wrong_address_keeps_what_was_typed_and_says_what_is_wrong(
    member: Client, changes: dict[str, str]
) -> None:
    response = save(member, **{"last_name": "Behalten", **changes})
    assert response.status_code == 422
    html = response.content.decode()
    assert "Behalten" in html and 'aria-invalid="true"' in html
    assert not UserAddress.objects.exists()


def test_the_same_address_is_kept_once_and_said_so(member: Client) -> None:
    save(member)
    assert save(member).status_code == 422
    assert UserAddress.objects.count() == 1


def test_the_profile_changes_language_of_page_and_letters(member: Client, person: User) -> None:
    data = {"first_name": "Erika", "last_name": "Muster", "phone": "+49 40 123", "language": "en"}
    response = member.post("/account/profile/", data)
    person.refresh_from_db()
    assert (person.language, person.phone, response["Location"]) == (
        "en",
        "+49 40 123",
        "/en/account/profile/",
    )
    for junk in ({"language": "xx"}, {"phone": "<script>"}):
        assert member.post("/account/profile/", {**data, **junk}).status_code == 422


def test_a_profile_form_cannot_make_anybody_staff(member: Client, person: User) -> None:
    data = {"first_name": "E", "last_name": "M", "phone": "", "language": "de"}
    member.post(
        "/account/profile/", {**data, "is_staff": "on", "is_superuser": "on", "email": "boss@example.org"}
    )
    person.refresh_from_db()
    assert not person.is_staff and not person.is_superuser and person.email != "boss@example.org"


@pytest.mark.parametrize("url", ["login", "signup", "password/reset"])
def test_the_way_in_has_the_shops_own_look(client: Client, url: str) -> None:
    html = client.get(f"/accounts/{url}/").content.decode()
    assert 'class="site-header"' in html and 'class="field__label"' in html
    assert "style=" not in html.split("<main", 1)[1]


@pytest.mark.parametrize("url", ["email", "password/change", "logout", "2fa", "2fa/totp/activate"])
def test_pages_of_the_sign_in_have_the_shops_own_look(member: Client, url: str) -> None:
    response = member.get(f"/accounts/{url}/", follow=True)
    assert response.status_code == 200
    assert 'class="account-nav"' in response.content.decode()


def test_a_new_customer_registers_and_sees_the_account(client: Client) -> None:
    ensure_vat()
    response = client.post("/accounts/signup/", {"email": "neu@example.org", "password1": "Elbstrand-2026!"})
    assert response["Location"] == "/accounts/confirm-email/"
    page = client.get(response["Location"]).content.decode()
    assert "Sie können sich gleich mit Ihrem Passwort anmelden." in page
    client.post("/accounts/login/", {"login": "neu@example.org", "password": "Elbstrand-2026!"})
    assert client.get("/account/").status_code == 200
    assert User.objects.get(email="neu@example.org").language == "de"


def test_a_wrong_password_is_said_beside_the_form_and_the_address_kept(client: Client, person: User) -> None:
    response = client.post("/accounts/login/", {"login": person.email, "password": "falsch"})
    assert response.status_code == 200
    html = response.content.decode()
    assert person.email in html and 'role="alert"' in html


def test_no_cookie_lives_longer_than_the_privacy_text_says(client: Client, person: User) -> None:
    """The text: "They expire after two weeks at the latest." """
    shoe, lives = make_variant(), dict[str, int]()

    def note(answer: Any) -> None:
        for name, cookie in answer.cookies.items():
            lives[name] = max(lives.get(name, 0), int(cookie["max-age"] or 0))

    note(client.get("/accounts/login/"))
    note(client.get("/help/"))
    note(client.post("/basket/add/", {"product_id": shoe.product_id, "quantity": 1}))
    note(client.post("/accounts/login/", {"login": person.email, "password": "test-password"}))
    profile = {"first_name": "E", "last_name": "M", "phone": "", "language": "en"}
    note(client.post("/account/profile/", profile))
    assert {"csrftoken", "sessionid", "oscar_open_basket", "basket_count"} <= set(lives)
    assert lives["oscar_open_basket"] and lives["csrftoken"]
    assert max(lives.values()) <= 14 * 24 * 3600, lives


def test_a_person_keeps_thirty_addresses_whoever_writes_them(member: Client, person: User) -> None:
    for n in range(MOST):
        assert save(member, line1=f"Musterweg {n + 1}").status_code == 302
    assert UserAddress.objects.filter(user=person).count() == MOST == ADDRESSES_MAX
    page = member.post("/account/addresses/new/", {**ADDRESS, "line1": "Elbweg 1"}, follow=True)
    assert f"{MOST} Adressen" in page.content.decode()
    with pytest.raises(NotChanged):
        save_address(person=person, address_id=None, seen=None, data=ADDRESS, why="asked by phone", by=person)
    assert UserAddress.objects.filter(user=person).count() == MOST
