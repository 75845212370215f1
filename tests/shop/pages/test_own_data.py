"""A person fetches what the shop holds about them: all of theirs, nothing of others or of the house's own notes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override
from oscar.apps.address.models import UserAddress
from oscar.apps.wishlists.models import Line as WishLine
from oscar.apps.wishlists.models import WishList

from catalogue.alerts import actions as stock_alerts
from catalogue.reviews.actions import Opinion, write_review
from checkout.order.models import AcceptedSummary, Order
from checkout.payment.models import Payment, Refund
from checkout.store_credit.models import CreditAccount, Movement
from fulfilment.customer_service.cases.models import Case, Message
from fulfilment.customer_service.withdrawals.models import Withdrawal
from shop.customers import deletion, newsletter
from shop.customers.actions import write_note
from shop.customers.models import User
from shop.kernel.clock import now
from shop.pages.own_data import of_person
from shop.pages.own_data_parts import PARTS, Part
from shop.pages.texts import LANGUAGES, default_text
from tests.factories.cases import make_case
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.shopping import make_basket, make_user, make_variant
from tests.shop.pages.test_account import make_invoice

pytestmark = pytest.mark.django_db
PAGE = "/account/data/"
SECRET = "nur fuer das Haus"  #: in all that staff wrote for each other

#: Who of the house did it, not whom it is about.
STAFFS = {
    "by", "taken_by", "requested_by", "assigned_by", "created_by", "done_by", "approved_by", "answered_by", "made_by",
    "offered_by", "packed_by", "dispatched_by", "loss_closed_by", "announced_by", "received_by", "given_back_by",
    "booked_by", "settled_by", "closed_by", "uploaded_by", "recorded_by", "asked_by", "undone_by", "lifted_by",
    "waived_by", "decided_by", "back_by", "history_user", "given_by", "account_given_by", "changed_by", "written_by",
    "wanted_by", "picker",
    "counter", "recounter", "approver", "assignee", "sender", "locked_by", "uploaded_by_user",
}  # fmt: skip
#: Tables with a person, an order, a case or an e-mail address in them that the file says nothing of -> why.
LEFT_OUT = {
    "order.OrderNote": "what staff wrote for each other",
    "customer.CustomerNote": "what staff wrote for each other",
    "cases.Writing": "who of staff has a case open",
    "customer.DistinctCustomers": "that staff told two accounts apart",
    "customer.PersonSession": "told as devices; what is in it is a secret",
    "customer.User": "told as profile",
    "account.EmailConfirmation": "keys of links; the address is told",
    "order.OrderLink": "keys of links that expire",
    "order.OrderStatusChange": "Oscar's, nothing is written to it",
    "order.CommunicationEvent": "Oscar's, nothing is written to it",
    "order.LinePrice": "Oscar's: the prices of the line once more",
    "order.Surcharge": "Oscar's, the shop takes none",
    "order.ShippingEvent": "Oscar's, parcels stand in its place",
    "order.PaymentEvent": "Oscar's, payments stand in its place",
    "payment.Source": "Oscar's, nothing is written to it",
    "payment.Bankcard": "Oscar's, nothing is written to it",
    "wishlists.WishListSharedEmail": "Oscar's, lists are shared by a link",
    "phone_orders.PhoneOrder": "a call that goes on; what comes of it is the order",
    "routing.Routing": "which site sends, found by a rule of the house",
    "picking.PickList": "how the house packs",
    "invoicing.OrderAccount": "sums of what is told as money",
    "psp.BalanceTransaction": "books of the card provider; the payment is told",
    "psp.Explanation": "how finance explained it",
    "reconciliation.PayerQuestion": "asks a payer whom the house does not know",
    "dunning.HistoricalCustomerLimit": "who of staff changed the limit, and why",
    "dunning.DunningHold": "why staff wait, in their words",
    "communication.CommunicationEventType": "texts of Oscar's mails, nobody's",
    "stock.Site": "the house's own address",
    "invoicing.MerchantProfile": "the house's own address",
    "withdrawals.HeldInvoice": "what finance is kept from; the withdrawal is told",
}
#: Rooms of the editor: people of the house write there.
EDITORS = ("wagtail", "pages", "dashboard")


def show_password(client: Client, person: User) -> None:
    """As if it had been typed just now."""
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def fetched(client: Client, person: User) -> dict[str, Any]:
    show_password(client, person)
    answer = client.post(PAGE)
    assert answer.status_code == 200
    return dict(json.loads(answer.content))


def fill(person: User, mark: str) -> Order:
    """Something of each room, with ``mark`` in its words."""
    invoice = make_invoice(person) if not Order.objects.exists() else None
    order = invoice.order if invoice else None
    if order is None:
        order = make_order((make_variant(title=f"Schuh {mark}"), 1), user=person)
    Order.objects.filter(pk=order.pk).update(hold_reason=SECRET, phone=f"040 {mark}")
    payment = Payment.objects.filter(order=order).first() or Payment.objects.create(
        order=order, method="card", amount_minor=9_990, state="captured"
    )
    Refund.objects.create(payment=payment, amount_minor=500, source=f"test:{mark}", reason=SECRET)
    AcceptedSummary.objects.update_or_create(
        order=order, defaults={"html": f"<p>{mark}</p>", "sha256": "0" * 64, "texts": [{"key": "terms"}]}
    )
    Withdrawal.objects.create(
        number=f"W{mark}", key=mark, name=mark, contract="Schuhe", email=person.email, received_at=now(), content={},
        sha256="0" * 64, order=order,
    )  # fmt: skip
    UserAddress.objects.create(
        user=person, first_name="E", last_name=mark, line1=f"Weg {mark}", line4="Kiel", postcode="24103",
        country_id="DE",
    )  # fmt: skip
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    newsletter.ask(email=person.email, place="", via="page")
    record = make_variant()
    make_basket((record, 2), owner=person)
    wishes = WishList.objects.create(owner=person)
    WishLine.objects.create(wishlist=wishes, product=record.product, title=f"Wunsch {mark}")
    stock_alerts.ask(product=record.product, email=person.email, language="de", by=person)
    write_review(
        product=record.product.parent, opinion=Opinion(4, mark, "Trocken geblieben.", "E."), by=person
    )
    credit = CreditAccount.objects.create(user=person, balance_minor=2_500)
    Movement.objects.create(account=credit, kind="refunded", amount_minor=2_500, cause=mark, why=SECRET)
    case = make_case(key=mark, body=f"Die Naht ist gerissen, {mark}.", email=person.email)
    Case.objects.filter(pk=case.pk).update(user=person)
    Message.objects.create(case=case, side=Message.STAFF, body=f"Wir sehen nach, {mark}.", key=f"a{mark}")
    Message.objects.create(case=case, side=Message.NOTE, body=SECRET, key=f"n{mark}")
    write_note(user=person, text=SECRET, by=make_staff(f"{mark.lower()}@kontor.example"))
    return order


def test_the_file_holds_something_of_each_room_and_amounts_are_whole_cents(
    member: Client, person: User, outbox: Any
) -> None:
    order = fill(person, "EIGEN")
    outbox.drain()
    told = fetched(member, person)
    assert told["profile"]["email"] == "erika@example.org" and told["profile"]["phone"] == "040 123"
    assert told["addresses"][0]["street"] == "Weg EIGEN"
    [bought] = told["orders"]
    assert bought["number"] == order.number and bought["total_minor"] == order.total_minor
    assert bought["placed_at"][:10] == order.date_placed.date().isoformat()
    assert bought["billing_address"]["last_name"] == order.billing_address.last_name
    assert bought["lines"][0]["amount_minor"] == 9_990 and bought["lines"][0]["quantity"] == 1
    assert bought["agreed"][0]["summary_html"] == "<p>EIGEN</p>"
    assert bought["payments"][0]["method"] == "card"
    assert bought["payments"][0]["refunds"][0]["amount_minor"] == 500
    [invoice] = told["invoices"]
    assert (invoice["gross_minor"], invoice["currency"], invoice["order"]) == (9_990, "EUR", order.number)
    assert told["store_credit"][0]["movements"][0]["amount_minor"] == 2_500
    assert [step["kind"] for step in told["newsletter"]] == ["asked"]
    assert told["wish_lists"][0]["lines"][0]["title"] == "Wunsch EIGEN"
    assert told["reviews"][0]["title"] == "EIGEN" and told["alerts"][0]["email"] == person.email
    assert told["baskets"][-1]["lines"][0]["quantity"] == 2
    assert [one["from"] for one in told["requests"][0]["messages"]] == ["customer", "staff"]
    assert told["withdrawals"][0]["number"] == "WEIGEN"
    assert {mail["kind"] for mail in told["mails"]} >= {"order_confirmed"}
    assert told["devices"] and told["email_addresses"] and told["about"]["format"] == 1


def test_nothing_of_a_stranger_and_nothing_that_staff_wrote_for_each_other(
    member: Client, person: User
) -> None:
    fill(person, "EIGEN")
    other = make_user("otto@example.org", first_name="Otto")
    fill(other, "FREMD")
    EmailAddress.objects.create(user=person, email="dritter@example.org", verified=False)
    newsletter.ask(email="dritter@example.org", place="", via="page")
    text = json.dumps(fetched(member, person), ensure_ascii=False)
    assert "EIGEN" in text and "erika@example.org" in text
    for not_there in ("FREMD", "otto@example.org", SECRET, "pbkdf2", "argon2", "md5$"):
        assert not_there not in text, not_there
    assert [step["email"] for step in json.loads(text)["newsletter"]] == ["erika@example.org"], (
        "only typed in"
    )


def test_what_is_left_of_a_merged_account_is_in_it(member: Client, person: User) -> None:
    older = make_user("e.beispiel@example.net")
    User.objects.filter(pk=older.pk).update(is_active=False, merged_into=person)
    make_basket((make_variant(), 3), owner=older)
    told = fetched(member, person)
    assert [one["email"] for one in told["merged_accounts"]] == ["e.beispiel@example.net"]
    assert told["baskets"][0]["lines"][0]["quantity"] == 3


def test_it_is_a_file_that_no_browser_keeps(member: Client, person: User) -> None:
    show_password(member, person)
    answer = member.post(PAGE)
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="my-data-2')
    assert "no-store" in answer["Cache-Control"] and "private" in answer["Cache-Control"]


def test_a_guest_is_sent_to_the_login(client: Client) -> None:
    for answer in (client.get(PAGE), client.post(PAGE)):
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={PAGE}")


def test_the_password_is_asked_for_again_and_leads_back(member: Client, person: User) -> None:
    assert "Vorher fragen wir" in member.get(PAGE).content.decode()
    asked = member.post(PAGE)
    assert asked.status_code == 302 and asked["Location"].startswith(reverse("account_reauthenticate"))
    wrong = member.post(asked["Location"], {"password": "falsch", "next": PAGE})
    assert wrong.status_code == 200 and member.post(PAGE).status_code == 302
    back = member.post(asked["Location"], {"password": "test-password", "next": PAGE})
    assert back["Location"] == PAGE
    form = member.get(PAGE).content.decode().partition('<form method="post">')[2].partition("</form>")[0]
    assert "csrfmiddlewaretoken" in form and re.search(r'<button [^>]*type="submit">.*Datei abholen', form)
    assert member.post(PAGE)["Content-Type"] == "application/json"


def test_who_has_neither_password_nor_second_factor_gets_it_by_being_signed_in(
    client: Client, person: User
) -> None:
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    assert client.post(PAGE)["Content-Type"] == "application/json"


def test_the_way_to_it_stands_beside_the_deletion(member: Client) -> None:
    for page in ("/account/profile/", "/account/delete/"):
        assert f'href="{PAGE}"' in member.get(page).content.decode(), page
    html = member.get("/account/profile/").content.decode()
    assert html.index(f'href="{PAGE}"') < html.index('href="/account/delete/"')


def test_it_costs_the_same_however_much_there_is(person: User) -> None:
    def cost() -> int:
        fresh = User.objects.get(pk=person.pk)
        with CaptureQueriesContext(connection) as seen:
            of_person(fresh)
        return len(seen)

    fill(person, "EINS")
    cost()
    one = cost()
    for extra in range(3):
        make_basket((make_variant(), 1), (make_variant(), 1), owner=person)
        WishList.objects.create(owner=person, key=f"k{extra}")
        make_order((make_variant(), 1), (make_variant(), 2), user=person)
        case = make_case(key=f"k{extra}", email=person.email)
        Case.objects.filter(pk=case.pk).update(user=person)
    assert cost() == one == len(list(flat(PARTS))) + 3


def flat(parts: tuple[Part, ...]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from flat(part.inside)


def test_every_table_with_a_person_in_it_is_told_or_says_why_not() -> None:
    told = {part.model for part in flat(PARTS)}
    about = {User, Order, Case}
    forgotten = []
    for model in apps.get_models():
        if model._meta.app_label.startswith(EDITORS) or model._meta.label in told:
            continue
        named = [
            field.name
            for field in model._meta.concrete_fields
            if (field.related_model in about or "email" in field.name) and field.name not in STAFFS
        ]
        if named and model._meta.label not in LEFT_OUT:
            forgotten.append(f"{model._meta.label}: {', '.join(named)}")
    assert not forgotten, "what holds something of a person stands in PARTS, or in LEFT_OUT with why"
    assert not told & LEFT_OUT.keys()
    assert {model for model, _field in deletion.GOES} <= told, "what goes with the account is told before"
    names = [part.name for part in PARTS]
    assert len(names) == len(set(names))


def test_tables_that_are_left_out_are_there() -> None:
    assert {model._meta.label for model in apps.get_models()} >= LEFT_OUT.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_privacy_text_says_where_it_is_fetched(client: Client, language: str) -> None:
    client.force_login(make_user())
    text = default_text("privacy", language, {}).body
    with override(language):
        way = [reverse("account:profile"), reverse("account:data")]
    for url in way:
        page = client.get(url).content.decode()
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
        assert heading and heading[1].strip() in text, heading
    assert re.search(r"Art\. 15 (und|and) 20", text)
