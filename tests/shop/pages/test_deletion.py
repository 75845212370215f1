"""Deleting one's account: not while something is open, not at once, and then for good."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.test import Client
from oscar.apps.address.models import UserAddress

from catalogue.alerts import actions as stock_alerts
from catalogue.alerts.models import StockAlert
from catalogue.models import Product
from catalogue.reviews.actions import Opinion, publish, write_review
from catalogue.reviews.models import LINE_FORGOTTEN, ProductReview
from checkout.basket.models import Basket
from checkout.order.models import Order
from checkout.store_credit.models import CreditAccount
from fulfilment.finance.invoicing.merchant import profile
from shop.customers import deletion, newsletter
from shop.customers.actions import write_note
from shop.customers.models import AccountDeletion, CustomerNote, User
from shop.notifications.models import OutgoingMail
from shop.pages.tasks import delete_accounts
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.shopping import make_basket, make_user, make_variant
from tests.shop.pages.test_account import make_invoice

pytestmark = pytest.mark.django_db
SURE = {"sure": "on", "password": "test-password"}


def test_it_waits_fourteen_days_and_can_be_taken_back_until_then(
    member: Client, person: User, clock: Any, outbox: Any
) -> None:
    page = member.get("/account/delete/").content.decode()
    assert "14 Tage" in page and "Was bleibt" in page
    assert member.post("/account/delete/", SURE).status_code == 302
    wish = AccountDeletion.objects.get()
    assert (wish.due_at - wish.asked_at).days == 14
    assert "Konto wird" in member.get("/account/").content.decode()
    outbox.drain()
    assert OutgoingMail.objects.get().subject == "Ihr Konto wird gelöscht"
    clock.advance(days=13)
    assert delete_accounts() == 0
    member.post("/account/delete/keep/")
    clock.advance(days=2)
    assert delete_accounts() == 0
    person.refresh_from_db()
    assert person.is_active and person.first_name == "Erika"
    assert member.post("/account/delete/keep/", follow=True).status_code == 200


def test_then_everything_of_the_person_goes_and_orders_stay_for_the_tax_office(
    member: Client, person: User, clock: Any
) -> None:
    order = make_order((make_variant(), 1), user=person)
    Order.objects.update(status="completed")
    UserAddress.objects.create(
        user=person,
        first_name="E",
        last_name="B",
        line1="Weg 1",
        line4="Kiel",
        postcode="24103",
        country_id="DE",
    )
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    make_basket((make_variant(), 1), owner=person)
    Basket.objects.create(owner=person, status=Basket.SAVED)
    write_note(user=person, text="mag blaue Schuhe", by=make_staff())
    newsletter.ask(email=person.email, place="", via="page")
    member.post("/account/delete/", SURE)
    clock.advance(days=14, minutes=1)
    assert delete_accounts() == 1 and delete_accounts() == 0
    person.refresh_from_db()
    assert (person.email, person.first_name, person.last_name, person.phone) == (
        f"deleted-{person.pk}@deleted.invalid", "", "", "",
    )  # fmt: skip
    assert not person.is_active and not person.has_usable_password()
    for model in (UserAddress, EmailAddress, Basket, CustomerNote):
        assert not model.objects.exists(), model
    assert newsletter.newest("erika@example.org").kind == "withdrawn"
    order.refresh_from_db()
    assert (order.user_id, order.email) == (None, "erika@example.org"), "rights hold by number and address"
    assert order.billing_address.last_name == "Musterfrau"
    assert member.get("/account/").status_code == 302, "open sessions end"
    assert (
        member.post(
            "/accounts/login/", {"login": "erika@example.org", "password": "test-password"}
        ).status_code
        == 200
    )
    assert User.objects.create_user(email="erika@example.org", password="neu-hafen-26").pk != person.pk


def _one_of_each(person: User) -> dict[str, dict[str, Any]]:
    """What belongs to ``person`` alone: model and what makes a row of it, beside the list of the code."""
    product = make_variant().product.parent
    review = ProductReview.objects.create(product=product, score=5, title="Gut", body="Passt", name="Uwe")
    return {
        "wishlists.WishList": {"owner": person, "key": "w" * 6},
        "customer.ProductAlert": {"user": person, "product": product},
        "stock_alerts.StockAlert": {"user": person, "product": product, "email": "andere@example.org"},
        "basket.Basket": {"owner": person},
        "analytics.UserRecord": {"user": person},
        "analytics.UserProductView": {"user": person, "product": product},
        "analytics.UserSearch": {"user": person, "query": "schuh"},
        "communication.Notification": {"recipient": person, "subject": "Wieder da", "body": "Text"},
        "communication.Email": {"user": person, "subject": "Hallo", "body_text": "Text"},
        "reviews.Vote": {"user": person, "review": review, "delta": 1},
    }


def test_each_kind_of_thing_that_is_the_persons_alone_goes_and_that_of_others_stays(person: User) -> None:
    rows = {apps.get_model(model): values for model, values in _one_of_each(person).items()}
    for model, values in rows.items():
        model._default_manager.create(**values)
    other = _one_of_each(make_user("fremd@example.org"))
    other["wishlists.WishList"]["key"] = "f" * 6
    other["stock_alerts.StockAlert"]["email"] = "fremd@example.org"
    for model, values in other.items():
        apps.get_model(model)._default_manager.create(**values)
    deletion.carry_out(wish=deletion.ask(person=person))
    left = {model._meta.label: model._base_manager.count() for model in rows}
    assert left == dict.fromkeys(other, 1)
    assert {model for model, _field in deletion.GOES} == set(left), "what was added gets its row above"


def test_reviews_lose_their_name_and_what_was_not_published_goes(
    member: Client, person: User, clock: Any
) -> None:
    product, second = make_variant().product.parent, make_variant().product.parent
    for one in (product, second):
        Product.objects.filter(pk=one.pk).update(is_public=True)
    line = make_order((product.children.get().stockrecords.get(), 1), user=person).lines.get()
    Order.objects.update(status="completed")
    said = Opinion(4, "Trocken geblieben", "Drei Wochen Regen.", "Erika B.")
    shown = write_review(product=product, opinion=said, by=person, verified_line_id=line.pk)
    publish(review=shown, by=None)
    write_review(product=second, opinion=said, by=person)
    page = member.get("/account/delete/").content.decode()
    for words in ("veröffentlichten Bewertungen", "weil andere", "solange der Artikel im Shop ist"):
        assert words in page.partition("Was bleibt")[2], words
    member.post("/account/delete/", SURE)
    clock.advance(days=15)
    assert delete_accounts() == 1
    kept = ProductReview.objects.get()
    assert (kept.pk, kept.user_id, kept.name) == (shown.pk, None, "")
    assert kept.verified_line_id == LINE_FORGOTTEN, "no order leads to its author"
    html = Client().get(f"/reviews/product/{product.pk}/").content.decode()
    assert (
        "Drei Wochen Regen." in html and "Bestätigter Kauf" in html and "jemand, der hier Kunde war" in html
    )
    assert "Erika" not in html
    for url in (product.get_absolute_url(), f"/reviews/{shown.pk}/report/"):
        assert "Erika" not in Client().get(url).content.decode(), url


def test_reviews_of_accounts_that_were_merged_into_it_lose_their_name_too(person: User, clock: Any) -> None:
    older = make_user("e.beispiel@example.net")
    said = Opinion(4, "Trocken geblieben", "Drei Wochen Regen.", "Erika B.")
    publish(review=write_review(product=make_variant().product.parent, opinion=said, by=older), by=None)
    User.objects.filter(pk=older.pk).update(is_active=False, merged_into=person)
    deletion.ask(person=person)
    clock.advance(days=15)
    assert delete_accounts() == 1
    assert ProductReview.objects.get().name == ""


def test_accounts_that_were_merged_into_it_and_further_addresses_go_too(person: User, outbox: Any) -> None:
    older = make_user("e.beispiel@example.net", first_name="Erika", last_name="Beispiel", phone="0171 5")
    User.objects.filter(pk=older.pk).update(is_active=False, merged_into=person)
    record = make_variant()
    emails = {person: person.email, older: older.email}
    for one, email in [*emails.items(), (person, "zweite@example.org")]:
        EmailAddress.objects.create(user=one, email=email, verified=True)
        newsletter.ask(email=email, place="", via="page")
        stock_alerts.ask(product=record.product, email=email, language="de", by=None)
    make_basket((record, 1), owner=older)
    stranger = "fremd@example.org"
    EmailAddress.objects.create(user=person, email=stranger, verified=False)
    newsletter.ask(email=stranger, place="", via="page")
    assert deletion.carry_out(wish=deletion.ask(person=person))
    older.refresh_from_db()
    assert (older.email, older.first_name, older.last_name, older.phone) == (
        f"deleted-{older.pk}@deleted.invalid", "", "", "",
    )  # fmt: skip
    for model in (EmailAddress, Basket, StockAlert):
        assert not model.objects.exists(), model
    for email in (*emails.values(), "zweite@example.org"):
        assert newsletter.newest(email).kind == "withdrawn", email
    assert newsletter.newest(stranger).kind == "asked", "only typed in: it may be a stranger's"


def test_a_wish_is_done_although_the_account_was_closed_meanwhile(person: User, clock: Any) -> None:
    deletion.ask(person=person)
    User.objects.filter(pk=person.pk).update(is_active=False, closed_reason="wollte nicht mehr kaufen")
    clock.advance(days=15)
    assert delete_accounts() == 1
    person.refresh_from_db()
    assert person.email == f"deleted-{person.pk}@deleted.invalid"


def test_what_stays_is_said_also_without_an_invoice(member: Client, person: User) -> None:
    text = member.get("/account/delete/").content.decode()
    assert "stornierte" in text.lower() and "Was Sie uns geschrieben haben" in text
    assert "nichts" not in text.partition("Was bleibt")[2].partition("<p>")[0]


def test_mails_of_the_account_go_and_those_of_orders_stay(
    member: Client, person: User, clock: Any, outbox: Any
) -> None:
    order = make_order((make_variant(), 1), user=person)
    outbox.drain()
    Order.objects.update(status="completed")
    deletion.ask(person=person)
    outbox.drain()
    assert set(OutgoingMail.objects.values_list("kind", flat=True)) == {"order_confirmed", "account"}
    clock.advance(days=15)
    delete_accounts()
    outbox.drain()
    assert [(mail.kind, mail.order_id) for mail in OutgoingMail.objects.all()] == [
        ("order_confirmed", order.pk)
    ]


def test_open_things_come_first_and_are_named(member: Client, person: User) -> None:
    order = make_order((make_variant(), 1), user=person)
    invoice = make_invoice(person)
    page = member.post("/account/delete/", SURE)
    text = page.content.decode()
    assert page.status_code == 409 and not AccountDeletion.objects.exists()
    assert order.number in text and invoice.number in text and f"/account/orders/{order.number}/" in text
    assert f"31. Dezember {invoice.issued_on.year + 8}" in text


def test_store_credit_is_not_lost_unseen(member: Client, person: User, clock: Any) -> None:
    deletion.ask(person=person)
    account = CreditAccount.objects.create(user=person, balance_minor=2_500)
    clock.advance(days=15)
    assert delete_accounts() == 0
    AccountDeletion.objects.all().delete()
    page = member.post("/account/delete/", SURE)
    assert (
        page.status_code == 409
        and "25,00" in page.content.decode()
        and "/account/credit/" in page.content.decode()
    )
    CreditAccount.objects.filter(pk=account.pk).update(balance_minor=0)
    assert member.post("/account/delete/", SURE).status_code == 302


def test_store_credit_that_comes_in_the_moment_of_deletion_is_seen(
    person: User, clock: Any, monkeypatch: Any
) -> None:
    deletion.ask(person=person)
    clock.advance(days=15)
    CreditAccount.objects.create(user=person, balance_minor=40)
    monkeypatch.setattr("shop.pages.tasks.hindrances", lambda _person: [])  # asked before it came
    assert delete_accounts() == 0
    person.refresh_from_db()
    assert person.is_active and person.email == "erika@example.org"
    CreditAccount.objects.update(balance_minor=0)
    assert delete_accounts() == 1


def test_who_has_credit_is_told_whom_to_write_to(member: Client, person: User) -> None:
    CreditAccount.objects.create(user=person, balance_minor=40)
    seller = profile()
    seller.email = "kontor@example.org"
    seller.save()
    assert "kontor@example.org" in member.get("/account/delete/").content.decode()


def test_an_order_placed_meanwhile_holds_it_up_until_it_is_finished(
    member: Client, person: User, clock: Any
) -> None:
    member.post("/account/delete/", SURE)
    make_order((make_variant(), 1), user=person)
    clock.advance(days=15)
    assert delete_accounts() == 0
    Order.objects.update(status="completed")
    assert delete_accounts() == 1


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"sure": "on"},
        {"password": "test-password"},
        {"sure": "on", "password": "falsch"},
        {"sure": "on", "password": "x" * 999},
    ],
)
def test_without_tick_and_password_nothing_happens(member: Client, form: dict[str, str]) -> None:
    answer = member.post("/account/delete/", form)
    assert answer.status_code == 422 and not AccountDeletion.objects.exists()


def test_the_password_cannot_be_guessed_here_either(member: Client) -> None:
    """Counted as at the sign-in: what is right does not count, and after some guesses the right one waits too."""
    for _look in range(9):
        assert member.post("/account/delete/", {"password": "test-password"}).status_code == 422
    statuses = [
        member.post("/account/delete/", {"sure": "on", "password": f"falsch {number}"}).status_code
        for number in range(12)
    ]
    assert statuses[0] == 422 and statuses[-1] == 429
    assert member.post("/account/delete/", SURE).status_code == 429
    assert not AccountDeletion.objects.exists()


def test_two_clicks_are_one_wish_and_staff_are_not_deleted_here(member: Client, person: User) -> None:
    assert deletion.ask(person=person).pk == deletion.ask(person=person).pk
    staff = Client()
    boss = make_user("chef@example.org", is_staff=True)
    staff.force_login(boss)
    staff.post("/account/delete/", SURE)
    assert not AccountDeletion.objects.filter(user=boss).exists()


def test_taken_back_in_the_very_moment_wins(member: Client, person: User, clock: Any) -> None:
    member.post("/account/delete/", SURE)
    clock.advance(days=15)
    (wish,) = deletion.due()
    deletion.take_back(person=person)
    assert deletion.carry_out(wish=wish) is False
    person.refresh_from_db()
    assert person.is_active


def test_a_customer_without_a_password_needs_only_the_tick(client: Client, person: User) -> None:
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    assert client.post("/account/delete/", {"sure": "on"}).status_code == 302
    assert AccountDeletion.objects.exists()
