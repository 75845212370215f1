"""Store credit pays first: what is left is asked for otherwise, and what was spent comes back once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.actions import CreditChanged, cancel, cancel_pieces
from checkout.order.models import Order
from checkout.payment.actions import capture, change_method, rest_minor
from checkout.payment.models import Payment, Refund
from checkout.payment.tasks import expire
from checkout.store_credit.models import Movement
from checkout.store_credit.queries import balance_minor
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation import actions as bank
from shop.kernel.clock import now, today
from shop.kernel.invariants import verify
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.credit import card_pays, give_credit
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_user, make_variant, place_order
from tests.factories.shortages import in_stock

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()


@pytest.fixture
def rich(outbox: Any) -> Any:
    """A customer with 30.00 of credit."""
    user = make_user()
    give_credit(user, 3_000)
    outbox.drain()
    return user


def bought(user: Any, price_minor: int = 10_000, credit_minor: int = 3_000, **options: Any) -> Order:
    return place_order(
        (make_variant(price_minor=price_minor), 1),
        user=user,
        shipping_minor=0,
        credit_minor=credit_minor,
        **options,
    )


def sound(outbox: Any) -> None:
    outbox.drain()
    assert outbox.failures() == []
    # pieces of make_variant lie in no bin, and no mail server runs
    rooms = {"stock", "notifications"}
    assert [one for one in verify() if not one.holds and one.room not in rooms] == []


def test_credit_pays_a_part_and_the_card_the_rest(rich: Any, outbox: Any) -> None:
    order = bought(rich)
    rows = {one.method: (one.state, one.amount_minor) for one in order.payments.all()}
    assert rows == {"credit": ("captured", 3_000), "card": ("created", 7_000)}
    assert (order.status, order.payment_method, balance_minor(rich)) == ("awaiting_payment", "card", 0)
    sound(outbox)
    card_pays(order)
    assert order.status == "confirmed"
    sound(outbox)


def test_credit_that_pays_everything_confirms_at_once(rich: Any, outbox: Any) -> None:
    order = bought(rich, price_minor=2_000, credit_minor=2_000)
    assert (order.status, order.payment_method) == ("confirmed", "credit")
    assert [(one.method, one.state) for one in order.payments.all()] == [("credit", "captured")]
    assert balance_minor(rich) == 1_000
    sound(outbox)


def test_credit_that_is_gone_by_now_places_nothing(rich: Any) -> None:
    bought(rich)
    with pytest.raises(CreditChanged):
        bought(rich, credit_minor=1)
    with pytest.raises(CreditChanged):
        bought(rich, credit_minor=0, method="credit")
    with pytest.raises(CreditChanged):
        bought(rich, credit_minor=10_001)
    assert Order.objects.filter(user=rich).count() == 2


def test_an_order_that_expires_gives_the_credit_back_once(rich: Any, outbox: Any, clock: Any) -> None:
    order = bought(rich)
    clock.advance(minutes=31)
    assert expire() == 1
    assert expire() == 0
    order.refresh_from_db()
    assert (order.status, balance_minor(rich)) == ("cancelled", 3_000)
    sound(outbox)
    # The card's money comes after all: without the credit it does not pay the order, so it goes back.
    card_pays(order)
    assert order.status == "cancelled"
    back = Refund.objects.get(payment__order=order, payment__method="card")
    assert (back.amount_minor, back.way, balance_minor(rich)) == (7_000, "card", 3_000)


def test_a_cancelled_order_gives_each_part_back_where_it_came_from(rich: Any, outbox: Any) -> None:
    order = bought(rich)
    card_pays(order)
    outbox.drain()
    cancel(order=order, why="the customer wished it")
    backs = {one.way: (one.state, one.amount_minor) for one in Refund.objects.filter(payment__order=order)}
    assert backs == {"credit": ("succeeded", 3_000), "card": ("requested", 7_000)}
    assert balance_minor(rich) == 3_000
    assert not cancel(order=order, why="again")
    sound(outbox)


def test_what_is_cancelled_gives_money_back_first_and_credit_last(rich: Any, outbox: Any) -> None:
    record = make_variant(price_minor=2_500, stock=9)
    order = place_order((record, 4), user=rich, shipping_minor=0, credit_minor=3_000)
    card_pays(order)
    line = order.lines.get()
    cancel_pieces(order=order, lines={line.pk: 2}, source="two", why="fewer")
    assert [(one.way, one.amount_minor) for one in Refund.objects.filter(payment__order=order)] == [
        ("card", 5_000)
    ]
    cancel_pieces(order=order, lines={line.pk: 1}, source="one", why="fewer")
    backs = sorted((one.way, one.amount_minor) for one in Refund.objects.filter(payment__order=order))
    assert backs == [("card", 2_000), ("card", 5_000), ("credit", 500)]
    assert balance_minor(rich) == 500
    sound(outbox)


def test_fewer_pieces_ask_for_less_and_enough_credit_confirms(rich: Any, outbox: Any) -> None:
    order = place_order(
        (make_variant(price_minor=2_500), 4),
        user=rich,
        method="prepayment",
        shipping_minor=0,
        credit_minor=3_000,
    )
    line = order.lines.get()
    cancel_pieces(order=order, lines={line.pk: 1}, source="one", why="fewer")
    assert Payment.objects.get(order=order, state="created").amount_minor == 4_500
    cancel_pieces(order=order, lines={line.pk: 2}, source="two", why="fewer")
    order.refresh_from_db()
    assert (order.status, order.payment_method, balance_minor(rich)) == ("confirmed", "credit", 500)
    assert not Payment.objects.filter(order=order, state="created").exists()
    sound(outbox)


def test_another_way_to_pay_asks_for_the_rest(rich: Any) -> None:
    order = bought(rich)
    payment = change_method(order=order, method="prepayment")
    assert (payment.amount_minor, rest_minor(order)) == (7_000, 7_000)
    assert balance_minor(rich) == 0


def test_a_transfer_of_the_rest_confirms_and_less_does_not(rich: Any, outbox: Any) -> None:
    order = bought(rich, method="prepayment")
    outbox.drain()
    for amount, status in ((4_000, "awaiting_payment"), (3_000, "confirmed")):
        receipt = bank.record(
            booked_on=today(), amount_minor=amount, reference=f"{order.number}-{amount}", text=order.number
        )
        bank.assign(receipt=receipt, order=order, amount_minor=amount)
        order.refresh_from_db()
        assert order.status == status
    sound(outbox)


def test_the_invoice_says_that_credit_paid(rich: Any, outbox: Any) -> None:
    from fulfilment.warehouse.picking.models import PickList
    from tests.factories.warehouse import send_everything

    record = in_stock(3, price_minor=10_000)
    order = place_order((record, 1), user=rich, shipping_minor=0, credit_minor=3_000)
    card_pays(order)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff())
    sound(outbox)
    invoice = Invoice.objects.get(order=order)
    assert (invoice.prepaid_minor, invoice.open_minor, invoice.state) == (10_000, 0, "paid")
    assert invoice.notes == ["30,00\xa0€ davon sind mit Ihrem Guthaben bezahlt."]


def test_the_checkout_spends_credit_first_and_keeps_it_when_wished(rich: Any, client: Client) -> None:
    client.force_login(rich)
    put_in_basket(client, make_variant(price_minor=10_000))
    page = go_to_summary(client)
    text = page.content.decode()
    assert "Mit Guthaben bezahlt" in text
    assert "Noch zu zahlen" in text
    assert page.context["quote"].credit_minor == 3_000
    client.post(reverse("checkout:payment"), {"credit": "keep"})
    assert client.get(reverse("checkout:summary")).context["quote"].credit_minor == 0
    client.post(reverse("checkout:payment"), {"credit": "use"})
    page = client.get(reverse("checkout:summary"))
    client.post(reverse("checkout:summary"), order_button(page))
    order = Order.objects.filter(user=rich).latest("pk")
    assert {one.method for one in order.payments.all()} == {"credit", "prepayment"}
    shown = client.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert "Mit Guthaben bezahlt" in shown
    assert "Vorkasse" in shown


def test_credit_that_pays_everything_asks_for_no_way_to_pay(rich: Any, client: Client) -> None:
    client.force_login(rich)
    put_in_basket(client, make_variant(price_minor=1_000))
    page = go_to_summary(client, method="")
    assert "Guthaben" in page.content.decode()
    button = order_button(page)
    # The same credit is spent in another tab before the button is pressed: nothing is placed, and it is said.
    other = bought(rich)
    answer = client.post(reverse("checkout:summary"), button, follow=True)
    assert Order.objects.filter(user=rich).latest("pk") == other
    assert answer.redirect_chain


def test_the_account_shows_the_balance_and_its_movements(rich: Any, client: Client) -> None:
    client.force_login(rich)
    order = bought(rich, price_minor=2_000, credit_minor=2_000)
    text = client.get(reverse("account:credit")).content.decode()
    for words in ("10,00", "−20,00", order.number, str(now().year + 3)):
        assert words in text, words
    assert "Guthaben" in client.get(reverse("account:overview")).content.decode()
    stranger = Client()
    stranger.force_login(make_user())
    text = stranger.get(reverse("account:credit")).content.decode()
    assert order.number not in text
    assert Client().get(reverse("account:credit")).status_code == 302
    assert Movement.objects.filter(order=order).count() == 1


def test_late_money_for_an_order_that_credit_paid_goes_back(rich: Any, outbox: Any) -> None:
    order = place_order((make_variant(price_minor=2_000), 2), user=rich, shipping_minor=0, credit_minor=3_000)
    card = Payment.objects.get(order=order, method="card")
    Payment.objects.filter(pk=card.pk).update(intent_id="pi_late")
    from checkout.payment.actions.amend import forget_card

    forget_card(order=order)
    change_method(order=order, method="prepayment")
    cancel_pieces(order=order, lines={order.lines.get().pk: 1}, source="one", why="fewer")
    order.refresh_from_db()
    assert order.payment_method == "credit"
    card.refresh_from_db()
    capture(payment=card, reference="pi_late", why="late")
    assert Refund.objects.get(payment=card).amount_minor == 1_000
    assert balance_minor(rich) == 1_000


def test_credit_of_an_account_that_was_deleted_goes_back_by_transfer(rich: Any, outbox: Any) -> None:
    from shop.pages.deletion import hindrances

    assert any("30,00" in one.text for one in hindrances(rich))
    order = bought(rich, price_minor=3_000)
    assert [one.text for one in hindrances(rich) if "Guthaben" in one.text] == []
    outbox.drain()
    Order.objects.filter(pk=order.pk).update(user=None, guest_email="erika@example.org")
    order.refresh_from_db()
    cancel(order=order, why="after the account was deleted")
    refund = Refund.objects.get(payment__order=order)
    assert (refund.way, refund.state, balance_minor(rich)) == ("prepayment", "requested", 0)
    assert refund in Refund.objects.to_transfer()
    sound(outbox)
