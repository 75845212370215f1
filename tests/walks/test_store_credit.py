"""From a return that becomes credit, at the customer's express wish, to the next order that it pays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from checkout.order.actions import cancel_pieces, place
from checkout.order.models import Order
from checkout.payment import rules
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import OPEN_STATES, Payment, Refund
from checkout.store_credit.queries import balance_minor
from fulfilment.customer_service.returns.models import RefundWish, Settlement
from fulfilment.customer_service.returns.wish import NotChosen, choose
from fulfilment.finance.reconciliation import actions as bank
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.clock import today
from shop.kernel.invariants import verify
from tests.factories.changes import changed
from tests.factories.credit import card_pays, give_credit
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.shopping import make_basket, make_placement, make_user, make_variant, place_order
from tests.factories.shortages import in_stock
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.returns.test_settlements import come_back, sent, withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def announced(outbox: Any, user: Any = None) -> tuple[Order, Return]:
    """Two pairs were sent and paid by card; one comes back within the withdrawal period."""
    order = sent(outbox, 2, user=user)
    line = order.lines.get()
    withdraw(order, {line.pk: 1})
    outbox.drain()
    assert outbox.failures() == []
    return order, Return.objects.get(order=order)


def sound(outbox: Any) -> None:
    outbox.drain()
    assert outbox.failures() == []
    assert [one for one in verify() if not one.holds] == []


def test_a_return_becomes_credit_when_its_customer_says_so_and_pays_the_next_order(
    outbox: Any, client: Client
) -> None:
    user = make_user()
    order, returning = announced(outbox, user)
    client.force_login(user)
    text = client.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert 'value="as_paid" checked' in text
    assert 'value="credit"' in text
    said = client.post(
        reverse("orders:return-back", args=[order.number, returning.number]), {"way": "credit"}, follow=True
    )
    text = said.content.decode()
    assert "Sie bekommen Guthaben" in text
    assert 'value="credit" checked' in text
    come_back(outbox, returning, {order.lines.get().partner_sku: 1})
    refund = Refund.objects.get(payment__order=order)
    assert (refund.way, refund.state, refund.amount_minor) == ("credit", "succeeded", 9_990)
    assert balance_minor(user) == 9_990
    sound(outbox)
    text = client.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert "als Guthaben" in text
    assert 'name="way"' not in text
    again = client.post(
        reverse("orders:return-back", args=[order.number, returning.number]), {"way": "as_paid"}, follow=True
    )
    assert "schon abgerechnet" in again.content.decode()
    wish = RefundWish.objects.get()
    assert (wish.as_credit, wish.by, wish.words[:13]) == (True, user, "Als Guthaben ")

    next_order = place_order(
        (in_stock(3, price_minor=12_000, bin="A-09"), 1), user=user, shipping_minor=0, credit_minor=9_990
    )
    assert card_pays(next_order).amount_minor == 2_010
    assert (next_order.status, balance_minor(user)) == ("confirmed", 0)
    sound(outbox)


def test_without_a_word_the_money_goes_back_as_it_was_paid(outbox: Any) -> None:
    user = make_user()
    order, returning = announced(outbox, user)
    choose(returning=returning, way="credit", by=user)
    choose(returning=returning, way="as_paid", by=user)
    assert choose(returning=returning, way="as_paid", by=user).pk == RefundWish.objects.last().pk  # type: ignore[union-attr]
    assert RefundWish.objects.count() == 2
    come_back(outbox, returning, {order.lines.get().partner_sku: 1})
    assert Refund.objects.get(payment__order=order).way == "card"
    assert balance_minor(user) == 0
    with pytest.raises(NotChosen):
        choose(returning=returning, way="credit", by=user)


def test_a_guest_is_told_that_credit_needs_an_account(outbox: Any, client: Client) -> None:
    order, returning = announced(outbox)
    with pytest.raises(NotChosen, match="Kundenkonto"):
        choose(returning=returning, way="credit", by=make_user())
    with pytest.raises(NotChosen):
        choose(returning=returning, way="gold")
    from checkout.order import access

    client.get(reverse("orders:open", args=[access.token(order)]))
    text = client.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert "Guthaben gibt es nur mit einem Kundenkonto" in text
    assert 'value="credit"' not in text
    url = reverse("orders:return-back", args=[order.number, returning.number])
    assert client.post(url, {"way": "credit"}).status_code == 302
    assert Client().post(url, {"way": "credit"}).status_code == 404
    assert client.get(url).status_code == 405
    assert not RefundWish.objects.exists()
    come_back(outbox, returning, {order.lines.get().partner_sku: 1})
    assert Settlement.objects.get().refunded_minor == 9_990


def test_what_credit_paid_comes_back_as_credit_and_what_money_paid_first(outbox: Any) -> None:
    user = make_user()
    order, returning = announced(outbox, user)
    choose(returning=returning, way="credit", by=user)
    come_back(outbox, returning, {order.lines.get().partner_sku: 1})
    record = in_stock(5, price_minor=6_000, bin="A-09")
    second = place_order((record, 2), user=user, shipping_minor=0, credit_minor=9_000)
    card_pays(second)
    outbox.drain()
    send_everything(PickList.objects.get(order=second), by=make_staff())
    outbox.drain()
    withdraw(second, key="two")
    outbox.drain()
    come_back(outbox, Return.objects.get(order=second), {record.partner_sku: 2})
    backs = sorted((one.way, one.amount_minor) for one in Refund.objects.filter(payment__order=second))
    assert backs == [("card", 3_000), ("credit", 9_000)]
    assert balance_minor(user) == 9_990
    sound(outbox)


def two_pairs_with_credit(outbox: Any, user: Any) -> tuple[Order, Any]:
    """Two pairs of 60.00 each, 90.00 paid with credit and 30.00 by card, sent."""
    give_credit(user, 9_000)
    record = in_stock(5, price_minor=6_000, bin="A-00")
    order = place_order((record, 2), user=user, shipping_minor=0, credit_minor=9_000)
    card_pays(order)
    leave(outbox, order)
    return order, record


def leave(outbox: Any, order: Order) -> None:
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff())
    outbox.drain()
    assert outbox.failures() == []
    order.refresh_from_db()


def transferred(outbox: Any, order: Order, amount_minor: int) -> None:
    outbox.drain()
    receipt = bank.record(booked_on=today(), amount_minor=amount_minor, reference=order.number)
    bank.assign(receipt=receipt, order=order, amount_minor=amount_minor)
    outbox.drain()


def may_go_back(order: Order) -> dict[str, int]:
    return {
        one.method: refundable_minor(one) for one in Payment.objects.filter(order=order, state="captured")
    }


def money_wrong() -> list[str]:
    """What the checks of all rooms find, but for the pieces of the credit's own order, which lie in no bin."""
    return [breach for one in verify() if one.room != "stock" for breach in one.breaches]


def test_one_of_two_pairs_that_comes_back_leaves_the_checks_of_money_sound(outbox: Any) -> None:
    order, record = two_pairs_with_credit(outbox, make_user())
    withdraw(order, {order.lines.get().pk: 1}, key="part")
    outbox.drain()
    come_back(outbox, Return.objects.get(order=order), {record.partner_sku: 1})
    backs = sorted((one.way, one.amount_minor) for one in Refund.objects.filter(payment__order=order))
    assert backs == [("card", 3_000), ("credit", 3_000)]
    outbox.drain()
    assert money_wrong() == []
    # A payment that says more than came beside it is still found.
    Payment.objects.filter(order=order, method="card").update(amount_minor=3_001)
    assert any("12001 over 12000" in text for text in money_wrong())


def test_an_order_on_account_that_credit_paid_for_a_while_asks_again_for_what_is_added(outbox: Any) -> None:
    user = make_user()
    give_credit(user, 3_000)
    record = in_stock(9, price_minor=2_000, bin="A-00")
    order = ordered_on_account(outbox, record, 5, user)
    line = order.lines.get()
    cancel_pieces(order=order, lines={line.pk: 4}, source="four", why="fewer")
    order.refresh_from_db()
    assert not Payment.objects.filter(order=order, state__in=OPEN_STATES).exists()
    assert balance_minor(user) == 1_000
    outbox.drain()
    changed(order, pieces={line.pk: 3})
    asked = Payment.objects.get(order=order, state__in=OPEN_STATES)
    order.refresh_from_db()
    assert (order.total_minor, asked.method, asked.state, asked.amount_minor) == (
        6_000,
        "invoice",
        "authorised",
        4_000,
    )
    leave(outbox, order)
    transferred(outbox, order, 4_000)
    assert may_go_back(order) == {"credit": 2_000, "invoice": 4_000}
    assert money_wrong() == []


def test_what_came_back_before_an_order_on_account_was_paid_never_came_as_money(outbox: Any) -> None:
    user = make_user()
    give_credit(user, 3_000)
    record = in_stock(12, price_minor=1_000, bin="A-00")
    order = ordered_on_account(outbox, record, 10, user)
    leave(outbox, order)
    withdraw(order, {order.lines.get().pk: 3}, key="three")
    outbox.drain()
    come_back(outbox, Return.objects.get(order=order), {record.partner_sku: 3})
    transferred(outbox, order, 4_000)
    assert may_go_back(order) == {"credit": 3_000, "invoice": 4_000}
    withdraw(order, key="the rest")
    outbox.drain()
    come_back(outbox, Return.objects.filter(order=order).latest("pk"), {record.partner_sku: 7})
    backs = sorted((one.way, one.amount_minor) for one in Refund.objects.filter(payment__order=order))
    assert backs == [("credit", 3_000), ("invoice", 4_000)]
    assert balance_minor(user) == 3_000
    outbox.drain()
    assert money_wrong() == []


def ordered_on_account(outbox: Any, record: Any, pieces: int, user: Any) -> Order:
    """30.00 of it are paid with credit; the rest is to come after its invoice."""
    outbox.drain()
    order = place_order((record, pieces), user=user, method="invoice", shipping_minor=0, credit_minor=3_000)
    outbox.drain()
    order.refresh_from_db()
    return order


def test_who_holds_the_link_of_an_order_cannot_choose_credit_for_its_account(
    outbox: Any, client: Client
) -> None:
    from checkout.order import access

    user = make_user()
    order, returning = announced(outbox, user)
    url = reverse("orders:return-back", args=[order.number, returning.number])
    client.get(reverse("orders:open", args=[access.token(order)]))
    text = client.post(url, {"way": "credit"}, follow=True).content.decode()
    assert "melden Sie sich mit dem Konto dieser Bestellung an" in text
    client.force_login(make_user())
    client.post(url, {"way": "credit"})
    assert not RefundWish.objects.exists()
    client.force_login(user)
    client.post(url, {"way": "credit"})
    assert RefundWish.objects.get().as_credit


@pytest.mark.parametrize("state", ["rejected", "expired"])
def test_of_a_return_that_is_over_nobody_is_promised_money(outbox: Any, state: str) -> None:
    user = make_user()
    _order, returning = announced(outbox, user)
    Return.objects.filter(pk=returning.pk).update(state=state)
    returning.refresh_from_db()
    for way in ("credit", "as_paid"):
        with pytest.raises(NotChosen, match="kein Geld"):
            choose(returning=returning, way=way, by=user)


def test_the_express_wish_is_neither_changed_nor_deleted_in_the_database(outbox: Any) -> None:
    from fulfilment.customer_service.returns import triggers
    from fulfilment.customer_service.returns.verify import guards_are_in_place

    user = make_user()
    _order, returning = announced(outbox, user)
    row = choose(returning=returning, way="credit", by=user)
    rows = RefundWish.objects.filter(pk=row.pk)
    for deed in (lambda: rows.update(as_credit=False), lambda: rows.update(words="x"), rows.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()
    assert rows.update(by=None) == 1, "a user who is deleted is forgotten there"
    assert guards_are_in_place() == []
    with connection.cursor() as cursor:
        table = f" ON {triggers.TABLE}" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER returns_wish_kept{table}")
    assert guards_are_in_place() == ["the trigger returns_wish_kept is missing; run `manage.py migrate`"]


def test_what_credit_pays_is_not_owed_on_account(outbox: Any) -> None:
    user = make_user()
    announced(outbox, user)
    give_credit(user, 3_000)
    record = in_stock(5, price_minor=10_000, bin="A-09")
    order = ordered_on_account(outbox, record, 1, user)
    assert order.status == "confirmed"
    assert rules.not_yet_invoiced_minor(user) == 7_000
    leave(outbox, order)
    assert rules.not_yet_invoiced_minor(user) == 0, "from here on it is an open item"


def test_a_second_click_after_credit_was_spent_gets_the_same_order(outbox: Any) -> None:
    user = make_user()
    give_credit(user, 9_000)
    basket = make_basket((make_variant(price_minor=9_000), 1), owner=user)
    first = make_placement(basket, user=user, shipping_minor=0, credit_minor=9_000)
    order = place(replace(first, seen_total_minor=9_000))
    stale = replace(first, credit_minor=0, payment_method="credit")  # reckoned after the balance was spent
    assert place(stale).pk == order.pk
    assert place(replace(first, seen_total_minor=1)).pk == order.pk
    assert place(replace(first, seen_sha256="0" * 64)).pk == order.pk
