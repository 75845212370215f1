"""Orders by phone: the checkout's own order, taken by a colleague, told to the customer in writing."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from catalogue.partner.models import Reservation, StockRecord
from checkout.basket.models import Basket
from checkout.order.models import AcceptedSummary, Order
from checkout.payment.actions.credit import release_customer
from checkout.payment.models import CustomerCredit, Payment
from checkout.payment.tasks import expire
from checkout.phone_orders.models import PhoneOrder
from shop.customers.models import User
from shop.notifications.models import OutgoingMail
from tests.factories.offers import make_offer, make_voucher
from tests.factories.shopping import make_user, make_variant, place_order
from tests.shop.dashboard.phone_orders import ADDRESS, NEW, agreed, at, begin, place, put_in, ready, said

pytestmark = pytest.mark.django_db


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


def test_the_summary_is_kept_in_the_customers_language(service: Client) -> None:
    person = make_user("erika@example.org", language="en")
    with override("de"):
        order = place(service, ready(service, person, make_variant(), "prepayment"))
    assert order.language == "en"
    assert "Your order" in AcceptedSummary.objects.get(order=order).html


def test_a_guests_order_is_not_put_on_the_address_of_an_account(service: Client) -> None:
    make_user("erika@example.org", first_name="Erika", last_name="Konto")
    service.post(reverse("dashboard:phone-order-new"), NEW | {"kind": "guest"})
    row = PhoneOrder.objects.get()
    answer = service.post(at(row, "-address"), ADDRESS)
    assert answer.status_code == 422 and "Erika Konto" in answer.content.decode()
    row.refresh_from_db()
    assert row.draft.email == "neu@example.org"
    assert service.post(at(row, "-address"), ADDRESS | {"email": "gast@example.org"}).status_code == 302
