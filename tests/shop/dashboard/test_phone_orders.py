"""Orders by phone: the checkout's own order, taken by a colleague, told to the customer in writing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override
from oscar.apps.address.models import UserAddress

from catalogue.partner.models import Reservation, StockRecord
from checkout.basket.models import Basket
from checkout.order.models import AcceptedSummary, Order
from checkout.payment.actions.credit import release_customer
from checkout.payment.models import CustomerCredit, Payment
from checkout.payment.tasks import expire
from checkout.phone_orders import actions
from checkout.phone_orders.models import PhoneOrder
from checkout.phone_orders.tasks import sweep_phone_orders
from fulfilment.warehouse.stock.models import Barcode
from shop.customers.actions import close
from shop.customers.models import User
from shop.notifications.models import OutgoingMail
from tests.factories.offers import make_offer, make_voucher
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db

ADDRESS = {
    "email": "erika@example.org",
    "phone": "040 123456",
    "billing-first_name": "Erika",
    "billing-last_name": "Beispiel",
    "billing-line1": "Musterweg 1",
    "billing-postcode": "20457",
    "billing-line4": "Hamburg",
    "billing-country": "DE",
}
NEW = {
    "email": "Neu@Example.org",
    "first_name": "Nele",
    "last_name": "Neu",
    "phone": "0171 5550000",
    "language": "de",
    "kind": "account",
}


@pytest.fixture
def service(as_role: Callable[[str], Client]) -> Client:
    return as_role("service")


def begin(client: Client, person: User) -> PhoneOrder:
    answer = client.post(reverse("dashboard:phone-order-begin", args=[person.pk]))
    assert answer.status_code == 302
    return PhoneOrder.objects.latest("pk")


def at(row: PhoneOrder, part: str = "", *args: int) -> str:
    return reverse(f"dashboard:phone-order{part}", args=[row.pk, *args])


def put_in(client: Client, row: PhoneOrder, record: StockRecord, quantity: int = 1) -> None:
    client.post(at(row, "-add"), {"product_id": record.product_id, "quantity": quantity})


def ready(client: Client, person: User, record: StockRecord, method: str, pieces: int = 1) -> PhoneOrder:
    """A phone order up to the page that is read out."""
    row = begin(client, person)
    put_in(client, row, record, pieces)
    assert client.post(at(row, "-address"), ADDRESS).status_code == 302
    answer = client.post(at(row, "-way"), {"delivery": "home", "payment": method})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return row


def agreed(client: Client, row: PhoneOrder) -> dict[str, str]:
    """What the last page sends."""
    page = client.get(at(row, "-check"))
    assert page.status_code == 200, page
    total = str(page.context["quote"].totals.total_minor)
    return {"total_minor": total, "seen": page.context["seen"], "agreed": "on"}


def place(client: Client, row: PhoneOrder) -> Order:
    answer = client.post(at(row, "-check"), agreed(client, row))
    order = Order.objects.get(basket_id=row.basket_id)
    assert answer.url == reverse("dashboard:order", args=[order.number])
    return order


def said(client: Client, answer: Any) -> str:
    page = client.get(answer.url)
    return page.content.decode() if page.status_code == 200 else client.get(page.url).content.decode()


def test_an_order_on_account_is_the_checkouts_own_and_mailed_with_terms_and_withdrawal_notice(
    service: Client, outbox: Any
) -> None:
    person = make_user("erika@example.org", first_name="Erika", last_name="Beispiel")
    release_customer(user_id=person.pk, released=True, by=None)
    record = make_variant(price_minor=8_990, stock=3)
    row = ready(service, person, record, "invoice", pieces=2)
    page = service.get(at(row, "-check")).content.decode()
    assert "2 Stück" in page or "2 pieces are reserved" in page
    order = place(service, row)
    assert (order.status, order.payment_method, order.user) == ("confirmed", "invoice", person)
    assert order.taken_by is not None and order.taken_by.email == "service@example.org"
    assert order.total_minor == 2 * 8_990  # above the limit of free delivery, as in the shop
    assert order.phone == "040 123456"
    record.refresh_from_db()
    assert record.num_allocated == 2
    kept = AcceptedSummary.objects.get(order=order)
    assert "Musterweg 1" in kept.html and kept.sha256 == AcceptedSummary.digest(kept.html)
    outbox.drain()
    mail = OutgoingMail.objects.get(order=order, kind="order_confirmed")
    assert mail.recipient == "erika@example.org"
    names = [file.name for file in mail.attachments.all()]
    assert any("Widerruf" in name for name in names), names
    told = service.get(reverse("dashboard:order", args=[order.number])).content.decode()
    assert "telefonisch, aufgenommen von Service" in told


def test_the_total_is_that_of_the_shop_with_offers_voucher_and_delivery(
    service: Client, client: Client
) -> None:
    make_offer("Herbst", percent=10)
    make_voucher("FUENF", minor=500)
    record = make_variant(price_minor=5_000)
    person = make_user("erika@example.org")
    row = begin(service, person)
    put_in(service, row, record)
    service.post(at(row, "-voucher"), {"code": "fuenf"})
    service.post(at(row, "-address"), ADDRESS)
    service.post(at(row, "-way"), {"delivery": "home", "payment": "prepayment"})
    order = place(service, row)

    client.force_login(person)
    client.post(reverse("basket:add"), {"product_id": record.product_id, "quantity": 1})
    client.post(reverse("basket:voucher_add"), {"code": "fuenf"})
    client.post(reverse("checkout:contact"), ADDRESS)
    client.post(reverse("checkout:delivery"), {"delivery": "home"})
    client.post(reverse("checkout:payment"), {"payment": "prepayment"})
    shown = client.get(reverse("checkout:summary")).context["quote"].totals
    assert order.total_minor == shown.total_minor
    assert order.discounts.count() == 2


def test_by_card_the_customer_gets_a_link_to_pay_and_the_goods_wait_a_day(
    service: Client, client: Client, outbox: Any, clock: Any
) -> None:
    clock.stop()
    record = make_variant(stock=1)
    order = place(service, ready(service, make_user("erika@example.org"), record, "card"))
    assert order.status == "awaiting_payment"
    outbox.drain()
    mail = OutgoingMail.objects.get(order=order, kind="order_pay_link")
    assert any("Widerruf" in file.name or "withdrawal" in file.name for file in mail.attachments.all())
    begins = settings.SITE_URL + reverse("orders:open", args=["x"]).removesuffix("x/")
    link = next(word for word in mail.text.split() if word.startswith(begins))
    page = client.get(link.removeprefix(settings.SITE_URL), follow=True)
    assert reverse("checkout:pay", args=[order.number]) in page.content.decode()
    clock.advance(hours=23)
    assert expire() == 0
    clock.advance(hours=2)
    assert expire() == 1
    order.refresh_from_db()
    record.refresh_from_db()
    assert (order.status, record.num_allocated) == ("cancelled", 0)


def test_who_orders_by_card_in_the_shop_gets_no_link(outbox: Any) -> None:
    order = place_order((make_variant(), 1), method="card")
    outbox.drain()
    assert not OutgoingMail.objects.filter(order=order).exists()


def test_by_prepayment_the_bank_details_come_with_terms_and_withdrawal_notice(
    service: Client, outbox: Any
) -> None:
    order = place(service, ready(service, make_user("erika@example.org"), make_variant(), "prepayment"))
    outbox.drain()
    mail = OutgoingMail.objects.get(order=order, kind="order_placed")
    assert any("Widerruf" in file.name or "withdrawal" in file.name for file in mail.attachments.all())
    assert "Gewährleistungsrecht" in mail.text or "legal guarantee" in mail.text
    assert reverse("withdrawal") in mail.text
    shop = place_order((make_variant(), 1), method="prepayment")
    outbox.drain()
    plain = OutgoingMail.objects.get(order=shop, kind="order_placed")
    assert not any("Widerruf" in file.name for file in plain.attachments.all())


def test_somebody_new_gets_an_account_that_opens_by_a_new_password(
    service: Client, client: Client, outbox: Any
) -> None:
    answer = service.post(reverse("dashboard:phone-order-new"), NEW)
    assert answer.status_code == 302
    person = User.objects.get(email="neu@example.org")
    assert not person.has_usable_password() and person.phone == "0171 5550000"
    row = PhoneOrder.objects.get()
    assert (row.user, row.draft.billing["last_name"]) == (person, "Neu")
    client.post(reverse("account_reset_password"), {"email": "neu@example.org"})
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="account", recipient="neu@example.org").exists()


def test_a_guest_orders_without_an_account(service: Client, outbox: Any) -> None:
    service.post(reverse("dashboard:phone-order-new"), NEW | {"kind": "guest"})
    row = PhoneOrder.objects.get()
    put_in(service, row, make_variant())
    service.post(at(row, "-address"), ADDRESS | {"email": "neu@example.org"})
    refused = service.post(at(row, "-way"), {"delivery": "home", "payment": "invoice"})
    assert refused.status_code == 422
    service.post(at(row, "-way"), {"delivery": "home", "payment": "prepayment"})
    order = place(service, row)
    assert (order.user, order.guest_email) == (None, "neu@example.org")
    assert not User.objects.filter(email="neu@example.org").exists()


@pytest.mark.parametrize("kind", ["account", "guest"])
def test_a_known_address_is_not_made_anew_and_what_was_typed_stays(service: Client, kind: str) -> None:
    known = make_user("neu@example.org", first_name="Nele", last_name="Neu")
    answer = service.post(reverse("dashboard:phone-order-new"), NEW | {"kind": kind})
    page = answer.content.decode()
    assert answer.status_code == 422 and "0171 5550000" in page
    assert reverse("dashboard:phone-order-begin", args=[known.pk]) in page
    assert not PhoneOrder.objects.exists() and User.objects.filter(email__iexact=NEW["email"]).count() == 1


def test_who_is_on_the_phone_is_found_by_name_address_phone_postcode_and_order(service: Client) -> None:
    person = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen", phone="040 777")
    make_user("otto@example.org", first_name="Otto", last_name="Ort")
    UserAddress.objects.create(user=person, line1="Kai 1", postcode="22767", line4="Hamburg", country_id="DE")
    order = place_order((make_variant(), 1), user=person)
    for words in ("hafen", "HANNA@", "777", "22767", order.number, "hanna 22767"):
        page = service.get(reverse("dashboard:phone-order-new"), {"q": words})
        assert [one.pk for one in page.context["people"]] == [person.pk], words
    assert not service.get(reverse("dashboard:phone-order-new"), {"q": "niemand"}).context["people"]


def test_the_usual_address_is_there_already_else_that_of_the_last_order(service: Client) -> None:
    person = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen")
    place_order((make_variant(), 1), user=person)
    assert begin(service, person).draft.billing["line1"] == "Musterweg 1"
    UserAddress.objects.create(
        user=person, first_name="H", last_name="H", line1="Kai 1", postcode="22767", line4="Hamburg",
        country_id="DE", is_default_for_billing=True,
    )  # fmt: skip
    assert begin(service, person).draft.billing["line1"] == "Kai 1"


def test_articles_are_found_by_sku_barcode_name_and_size(service: Client) -> None:
    record = make_variant(sku="ELB-42", title="Deichstiefel", size="47")
    Barcode.objects.create(stockrecord=record, code="4006381333931", kind="gtin")
    make_variant(sku="MOOR-1", title="Moorschuh", size="38")
    row = begin(service, make_user("erika@example.org"))
    for words in ("elb-4", "4006381333931", "deich", "deich 47"):
        assert [one.pk for one in service.get(at(row), {"q": words}).context["articles"]] == [record.pk], (
            words
        )
    assert service.get(at(row), {"q": "\x00%_'"}).status_code in (200, 400)


def test_the_customers_own_basket_is_left_alone(service: Client, client: Client) -> None:
    person = make_user("erika@example.org")
    client.force_login(person)
    own = make_variant()
    client.post(reverse("basket:add"), {"product_id": own.product_id, "quantity": 1})
    place(service, ready(service, person, make_variant(), "prepayment"))
    assert Basket.objects.get(owner=person).status == Basket.OPEN
    assert client.get(reverse("basket:summary")).context["lines"][0].product_id == own.product_id


def test_the_last_piece_went_to_somebody_else_in_the_meantime(service: Client) -> None:
    record = make_variant(stock=1)
    row = ready(service, make_user("erika@example.org"), record, "prepayment")
    sent = agreed(service, row)
    place_order((record, 1))
    answer = service.post(at(row, "-check"), sent)
    page = said(service, answer)
    assert record.product.parent.title in page and not Order.objects.filter(basket_id=row.basket_id).exists()
    row.refresh_from_db()
    assert row.is_open
    assert Reservation.objects.filter(state="open").count() == 1


def test_a_price_that_changed_since_it_was_read_out_is_read_out_again(service: Client) -> None:
    record = make_variant(price_minor=5_000)
    row = ready(service, make_user("erika@example.org"), record, "prepayment")
    sent = agreed(service, row)
    StockRecord.objects.filter(pk=record.pk).update(price="60.00")
    answer = service.post(at(row, "-check"), sent)
    assert answer.url == at(row, "-check") and not Order.objects.exists()
    assert place(service, row).total_minor == 6_000 + 490


def test_what_a_colleague_changed_in_another_window_is_read_out_again(service: Client) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(), "prepayment")
    sent = agreed(service, row)
    service.post(at(row, "-address"), ADDRESS | {"billing-line1": "Kai 7"})
    assert service.post(at(row, "-check"), sent).url == at(row, "-check")
    assert not Order.objects.exists()


def test_a_second_click_and_a_late_change_meet_the_placed_order(service: Client) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(), "prepayment")
    sent = agreed(service, row)
    first, second = (service.post(at(row, "-check"), sent) for _ in range(2))
    assert first.url == second.url and Order.objects.count() == 1
    assert service.get(at(row)).url == first.url
    for part in ("-add", "-voucher", "-address", "-way"):
        assert service.post(at(row, part), ADDRESS | {"product_id": "1"}).status_code == 302
    service.post(at(row, "-drop"))
    assert PhoneOrder.objects.filter(pk=row.pk).exists() and Payment.objects.count() == 1


def test_what_a_voucher_covers_wholly_needs_no_way_to_pay(service: Client, outbox: Any) -> None:
    make_voucher("ALLES", percent=100)
    row = begin(service, make_user("erika@example.org"))
    put_in(service, row, make_variant(price_minor=5_000))
    service.post(at(row, "-voucher"), {"code": "ALLES"})
    service.post(at(row, "-address"), ADDRESS)
    assert service.post(at(row, "-way"), {"delivery": "pickup"}).status_code == 302
    order = place(service, row)
    assert (order.total_minor, order.status, order.payment_method) == (0, "confirmed", "nothing")
    outbox.drain()
    assert OutgoingMail.objects.filter(order=order, kind="order_confirmed").exists()


def test_nothing_is_placed_that_was_not_read_out(service: Client) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(), "prepayment")
    sent = agreed(service, row)
    del sent["agreed"]
    assert service.post(at(row, "-check"), sent).status_code == 422 and not Order.objects.exists()


def test_what_is_missing_is_said_before_placing(service: Client) -> None:
    row = begin(service, make_user("erika@example.org"))
    assert len(service.get(at(row)).context["missing"]) == 2  # articles, address
    assert service.get(at(row, "-check")).url == at(row)
    put_in(service, row, make_variant())
    service.post(at(row, "-address"), ADDRESS)
    assert len(service.get(at(row)).context["missing"]) == 2  # delivery, payment
    assert service.get(at(row, "-check")).url == at(row)


def test_on_account_only_as_far_as_the_limit_goes(service: Client) -> None:
    person = make_user("erika@example.org")
    CustomerCredit.objects.create(user=person, released=True, open_items_minor=79_000)
    row = begin(service, person)
    put_in(service, row, make_variant(price_minor=5_000))
    service.post(at(row, "-address"), ADDRESS)
    answer = service.post(at(row, "-way"), {"delivery": "home", "payment": "invoice"})
    assert answer.status_code == 422
    row.refresh_from_db()
    assert (row.draft.delivery_code, row.draft.payment_method) == ("home", "")


def test_a_dropped_order_leaves_nothing_behind(service: Client) -> None:
    row = begin(service, make_user("erika@example.org"))
    put_in(service, row, make_variant())
    service.post(at(row, "-drop"))
    assert not PhoneOrder.objects.exists() and not Basket.objects.filter(pk=row.basket_id).exists()
    assert service.get(at(row)).status_code == 404


def test_placing_and_dropping_at_once_lets_one_of_them_win(service: Client) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(), "prepayment")
    stale = PhoneOrder.objects.select_related("basket").get(pk=row.pk)
    place(service, row)
    with pytest.raises(actions.Closed):
        actions.drop(phone_order=stale, by=None)
    with pytest.raises(actions.Closed):
        actions.change(phone_order=stale, by=None, phone="1")


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("-add", {"product_id": "x"}),
        ("-add", {"product_id": "1", "quantity": "-3"}),
        ("-add", {"product_id": "9" * 18, "quantity": "1"}),
        ("-voucher", {"code": "\x00" * 9}),
        ("-address", {}),
        ("-address", ADDRESS | {"billing-country": "XX", "email": "a\r\nBcc: b@example.org"}),
        ("-address", ADDRESS | {"billing-postcode": "1", "phone": "<script>"}),
        ("-way", {"delivery": "moon", "payment": "card"}),
        ("-way", {"delivery": "home", "payment": "gold"}),
        ("-check", {"agreed": "on", "total_minor": "x", "seen": "y"}),
    ],
)
def test_bad_input_gets_words_and_never_an_error(service: Client, part: str, data: dict[str, str]) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(), "prepayment")
    assert service.post(at(row, part), data).status_code in (302, 400, 422)
    assert not Order.objects.exists()


def test_the_list_is_searched_filtered_sorted_and_downloaded(service: Client) -> None:
    first = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen")
    order = place(service, ready(service, first, make_variant(), "prepayment"))
    waiting = begin(service, make_user("otto@example.org", first_name="Otto", last_name="Ort"))
    address = reverse("dashboard:phone-orders")

    def rows(**query: str) -> list[int]:
        return [row.pk for row in service.get(address, query).context["page"]]

    assert rows(state="open") == [waiting.pk] and len(rows()) == 2
    assert rows(q="hafen") == rows(state="placed") == rows(q=order.number)
    assert rows(mine="yes", sort="begun") == sorted(rows())
    assert service.get(address, {"state": "x"}).status_code == 400
    text = service.get(address, {"format": "csv"}).content.decode()
    assert order.number in text and "Otto Ort" in text


def test_pages_ask_the_database_a_constant_number_of_times(service: Client) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(title="Deich"), "prepayment")

    def count(address: str, **query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert service.get(address, query).status_code == 200
        return len(queries)

    count(at(row))  # what is remembered for a minute
    before = [count(at(row), q="deich"), count(at(row, "-check")), count(reverse("dashboard:phone-orders"))]
    for _ in range(3):
        put_in(service, row, make_variant(title="Deich"))
        begin(service, make_user())
    after = [count(at(row), q="deich"), count(at(row, "-check")), count(reverse("dashboard:phone-orders"))]
    assert after == before and max(after) <= 25, (before, after)


def test_the_summary_is_kept_in_the_customers_language(service: Client) -> None:
    person = make_user("erika@example.org", language="en")
    with override("de"):
        order = place(service, ready(service, person, make_variant(), "prepayment"))
    assert order.language == "en"
    assert "Your order" in AcceptedSummary.objects.get(order=order).html


@pytest.mark.parametrize("kind", ["account", "guest"])
def test_the_address_of_a_merged_account_leads_to_the_one_that_stays(service: Client, kind: str) -> None:
    kept = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen")
    gone = make_user("neu@example.org")
    User.objects.filter(pk=gone.pk).update(is_active=False, merged_into=kept)
    page = service.post(reverse("dashboard:phone-order-new"), NEW | {"kind": kind}).content.decode()
    assert reverse("dashboard:phone-order-begin", args=[kept.pk]) in page and "Hanna Hafen" in page
    assert begin(service, gone).user == kept  # also from an old page


def test_of_a_closed_account_it_is_said_that_it_is_closed_and_no_button_leads_nowhere(
    service: Client,
) -> None:
    closed = make_user("neu@example.org", last_name="Neu")
    close(person=closed, why="Missbrauch", by=None)
    page = service.post(reverse("dashboard:phone-order-new"), NEW).content.decode()
    assert reverse("dashboard:phone-order-begin", args=[closed.pk]) not in page
    assert "geschlossen: Missbrauch" in page and reverse("dashboard:customer", args=[closed.pk]) in page


def test_a_guests_order_is_not_put_on_the_address_of_an_account(service: Client) -> None:
    make_user("erika@example.org", first_name="Erika", last_name="Konto")
    service.post(reverse("dashboard:phone-order-new"), NEW | {"kind": "guest"})
    row = PhoneOrder.objects.get()
    answer = service.post(at(row, "-address"), ADDRESS)
    assert answer.status_code == 422 and "Erika Konto" in answer.content.decode()
    row.refresh_from_db()
    assert row.draft.email == "neu@example.org"
    assert service.post(at(row, "-address"), ADDRESS | {"email": "gast@example.org"}).status_code == 302


def test_what_nobody_places_is_forgotten_after_a_week(service: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC))
    left = begin(service, make_user("a@example.org"))
    placed = begin(service, make_user("b@example.org"))
    Basket.objects.filter(pk=placed.basket_id).update(status=Basket.SUBMITTED)
    clock.advance(days=6)
    young = begin(service, make_user("c@example.org"))
    assert actions.sweep() == 0
    clock.advance(days=1)
    page = service.get(reverse("dashboard:phone-orders")).content.decode()
    assert "binnen 7 Tagen" in page
    sweep_phone_orders()
    assert set(PhoneOrder.objects.values_list("pk", flat=True)) == {placed.pk, young.pk}
    assert not Basket.objects.filter(pk=left.basket_id).exists()
