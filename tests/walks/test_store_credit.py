"""From a return that becomes credit, at the customer's express wish, to the next order that it pays."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from checkout.payment.models import Refund
from checkout.store_credit.queries import balance_minor
from fulfilment.customer_service.returns.models import RefundWish, Settlement
from fulfilment.customer_service.returns.wish import NotChosen, choose
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.invariants import verify
from tests.factories.credit import card_pays
from tests.factories.orders import make_country
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.shopping import make_user, place_order
from tests.factories.shortages import in_stock
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
        choose(returning=returning, way="credit")
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
    from fulfilment.warehouse.picking.models import PickList
    from tests.factories.people import make_staff
    from tests.factories.warehouse import send_everything

    send_everything(PickList.objects.get(order=second), by=make_staff())
    outbox.drain()
    withdraw(second, key="two")
    outbox.drain()
    come_back(outbox, Return.objects.get(order=second), {record.partner_sku: 2})
    backs = sorted((one.way, one.amount_minor) for one in Refund.objects.filter(payment__order=second))
    assert backs == [("card", 3_000), ("credit", 9_000)]
    assert balance_minor(user) == 9_990
    sound(outbox)
