"""A refund that comes back: the money pays the order's invoices again as if it had never left."""

from __future__ import annotations

import pytest
from django.db import transaction

from checkout.payment.events import RefundFailed, RefundSucceeded
from fulfilment.finance.invoicing.models import Invoice, OrderAccount, OrderMoney
from fulfilment.finance.invoicing.verify import accounts_add_up
from shop.kernel.outbox import record
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db

PRICE = 11_900


def tell(order: object, payment: object, amount_minor: int, outbox: Outbox, *, failed: bool = False) -> None:
    facts = (1, payment.pk, order.pk, order.number)  # type: ignore[attr-defined]
    with transaction.atomic():
        if failed:
            record(RefundFailed(*facts, amount_minor, "EUR", "re_1", "account closed"))
        else:
            record(RefundSucceeded(*facts, "card", amount_minor, "EUR", "re_1"))
    outbox.drain()


@pytest.mark.parametrize("back", [PRICE, 5_000])
def test_a_refund_that_comes_back_pays_the_invoice_again(outbox: Outbox, back: int) -> None:
    order = make_order(Wish(1, PRICE), method="card")
    payment = capture(order)
    dispatch(order)
    outbox.drain()
    tell(order, payment, back, outbox)
    invoice = Invoice.objects.get(order=order)
    assert invoice.open_minor == back
    tell(order, payment, back, outbox, failed=True)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("paid", 0)
    account = OrderAccount.objects.get(order=order)
    assert (account.received_minor, account.allocated_minor) == (PRICE, PRICE)
    assert OrderMoney.objects.get(kind=OrderMoney.CARD).returned_minor == 0
    assert problems() == []


def test_a_refund_that_comes_back_before_the_parcel_leaves_pays_its_invoice(outbox: Outbox) -> None:
    order = make_order(Wish(1, PRICE), method="card")
    payment = capture(order)
    outbox.drain()
    tell(order, payment, PRICE, outbox)
    tell(order, payment, PRICE, outbox, failed=True)
    dispatch(order)
    outbox.drain()
    assert Invoice.objects.get(order=order).state == "paid"


def test_of_two_refunds_the_one_that_stays_stays_given_back(outbox: Outbox) -> None:
    order = make_order(Wish(1, PRICE), method="card")
    payment = capture(order)
    outbox.drain()
    with transaction.atomic():
        record(RefundSucceeded(2, payment.pk, order.pk, order.number, "card", 900, "EUR", "re_2"))
    outbox.drain()
    tell(order, payment, 5_000, outbox)
    tell(order, payment, 5_000, outbox, failed=True)
    assert OrderMoney.objects.get(kind=OrderMoney.CARD).returned_minor == 900


def test_verify_finds_money_that_counts_as_gone_and_is_here(outbox: Outbox) -> None:
    order = make_order(Wish(1, PRICE), method="card")
    capture(order)
    outbox.drain()
    assert accounts_add_up() == []
    OrderMoney.objects.update(returned_minor=1)
    assert accounts_add_up() == [f"{order.number}: 1 counts as given back, 0 went back"]
