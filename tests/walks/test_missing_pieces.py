"""Pieces are missing and the customer decides: pick lists, parcels, invoices, money and books follow to the cent."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.models import Line
from checkout.payment.actions.refunds import succeed
from checkout.payment.models import Refund
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.reconciliation import actions as bank
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.shortages import actions
from fulfilment.warehouse.shortages.models import REFUND, SEND, SUBSTITUTE, WAIT, ShortageQuestion
from fulfilment.warehouse.stock import actions as stock
from shop.kernel.clock import today
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from shop.notifications.tasks import send_due
from tests.factories.shortages import Missing, in_stock, order_with_missing_pieces, send_rest
from tests.factories.stock import make_bin
from tests.factories.warehouse import pick_everything

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

METHODS = ("card", "invoice", "prepayment")


def balance(role: str) -> int:
    lines = EntryLine.objects.filter(account__role=role)
    return sum(line.debit_minor - line.credit_minor for line in lines)


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches]


def money_back(outbox: Any) -> int:
    """Every refund reaches the customer. Returns the sum in minor units."""
    for refund in Refund.objects.filter(state="requested").select_related("payment__order"):
        succeed(refund=refund, reference=f"re_{refund.pk}")
    outbox.drain()
    return sum(Refund.objects.values_list("amount_minor", flat=True))


def pay_invoices(case: Missing, outbox: Any) -> None:
    """What was bought on account is paid."""
    for invoice in Invoice.objects.filter(order=case.order, open_minor__gt=0):
        receipt = bank.record(
            booked_on=today(), amount_minor=invoice.open_minor, reference=invoice.number, text="paid"
        )
        bank.assign(receipt=receipt, order=case.order, amount_minor=invoice.open_minor, invoice=invoice)
    outbox.drain()


def books_are_closed(case: Missing, outbox: Any, *, method: str, back: int) -> None:
    """The order is done, its money is what was sent, nothing is open and every invariant holds."""
    case.refresh()
    assert money_back(outbox) == (back if method != "invoice" else 0)
    pay_invoices(case, outbox)
    case.refresh()
    assert case.order.status == "completed"
    invoiced = sum(Invoice.objects.filter(order=case.order).values_list("gross_minor", flat=True))
    assert invoiced == case.order.total_minor
    assert balance("receivable") == 0
    case.shoe.refresh_from_db()
    assert case.shoe.num_allocated == 0
    assert outbox.failures() == []
    assert breaches() == []


@pytest.mark.parametrize("method", METHODS)
def test_refund_the_rest_is_sent_and_the_cents_add_up(outbox: Any, method: str) -> None:
    case = order_with_missing_pieces(outbox, method=method)
    total = case.order.total_minor
    assert case.pick_list.waits_for_answer
    assert OutgoingMail.objects.filter(order=case.order, kind="shortage_asked").count() == 1

    actions.answer(question=case.question, choice=REFUND)
    outbox.drain()
    case.refresh()
    back = total - case.order.total_minor
    assert back == case.line.cancelled_minor == 6_666
    assert (case.line.quantity_cancelled, case.pick_list.waits_for_answer) == (2, False)
    assert case.shoe.num_in_stock - case.shoe.num_allocated == 0, "phantom pieces are not sold again"
    assert OutgoingMail.objects.filter(order=case.order, kind="order_amended").count() == 1
    send_rest(case)
    outbox.drain()
    books_are_closed(case, outbox, method=method, back=back)


@pytest.mark.parametrize("method", METHODS)
def test_the_rest_now_and_the_missing_pieces_later_make_two_invoices(outbox: Any, method: str) -> None:
    case = order_with_missing_pieces(outbox, method=method)
    total = case.order.total_minor
    actions.answer(question=case.question, choice=SEND)
    outbox.drain()
    assert not case.refresh().pick_list.waits_for_answer
    send_rest(case)
    outbox.drain()
    assert case.refresh().order.status == "in_fulfilment"

    stock.count(stockrecord=case.shoe, bin=make_bin("A-01"), counted=2, by=case.picker, why="found")
    stock.receive(stockrecord=case.shoe, bin=make_bin("C-01"), quantity=2)
    outbox.drain()
    actions.plan_waiting()
    case.refresh()
    assert case.question.state == "settled"
    assert case.pick_list.state == "open"
    pick_everything(case.pick_list, by=case.picker)
    send_rest(case)
    outbox.drain()
    assert case.refresh().order.total_minor == total
    books_are_closed(case, outbox, method=method, back=0)
    assert Invoice.objects.filter(order=case.order).count() == 2


def test_waiting_keeps_the_order_together_until_goods_come(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    actions.answer(question=case.question, choice=WAIT)
    outbox.drain()
    assert case.refresh().pick_list.waits_for_answer
    stock.receive(stockrecord=case.shoe, bin=make_bin("C-01"), quantity=2)
    outbox.drain()
    case.refresh()
    assert (case.question.state, case.pick_list.waits_for_answer) == ("settled", False)
    assert case.pick_list.state == "open"
    pick_everything(case.pick_list, by=case.picker)
    send_rest(case)
    outbox.drain()
    assert case.refresh().order.status == "completed"
    assert outbox.failures() == []


@pytest.mark.parametrize("method", METHODS)
def test_a_substitute_is_picked_sent_and_the_difference_goes_back(outbox: Any, method: str) -> None:
    case = order_with_missing_pieces(outbox, method=method)
    total = case.order.total_minor
    other = in_stock(5, bin="D-01", price_minor=3_000)
    actions.offer_substitute(question=case.question, stockrecord=other, unit_minor=3_000, by=case.picker)
    outbox.drain()
    assert OutgoingMail.objects.filter(order=case.order, kind="shortage_asked").count() == 2
    actions.answer(question=case.question, choice=SUBSTITUTE)
    outbox.drain()
    case.refresh()
    added = Line.objects.get(order=case.order, replaces=case.line)
    assert (added.quantity, added.gross_minor) == (2, 6_000)
    assert total - case.order.total_minor == 666
    other.refresh_from_db()
    assert other.num_allocated == 2
    case.pick_list.refresh_from_db()
    assert case.pick_list.state == "open"
    pick_everything(case.pick_list, by=case.picker)
    send_rest(case)
    outbox.drain()
    books_are_closed(case, outbox, method=method, back=666)


def test_refund_when_nothing_is_left_cancels_the_order_with_its_shipping_charge(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox, shoes=2, missing=2, boots=0)
    actions.answer(question=case.question, choice=REFUND)
    outbox.drain()
    case.refresh()
    assert case.order.status == "cancelled"
    assert money_back(outbox) == case.order.total_minor == 2 * 3_333 + 490
    assert PickList.objects.get(order=case.order).state == "cancelled"
    assert case.shoe.num_in_stock - case.shoe.num_allocated == 0
    assert balance("receivable") == balance("psp_clearing") == 0
    assert outbox.failures() == []
    assert breaches() == []


def test_no_answer_in_time_is_the_rule_of_the_shop(outbox: Any, clock: Any, mailoutbox: Any) -> None:
    clock.stop()
    case = order_with_missing_pieces(outbox)
    send_due()
    assert actions.apply_defaults() == 0
    clock.advance(hours=49)
    assert actions.apply_defaults() == 1
    assert actions.apply_defaults() == 0
    outbox.drain()
    case.refresh()
    assert (case.question.state, case.question.answer) == ("defaulted", REFUND)
    assert case.line.quantity_cancelled == 2
    send_rest(case)
    outbox.drain()
    assert case.refresh().order.status == "completed"
    assert breaches() == []


def test_a_cancelled_order_withdraws_its_question(outbox: Any) -> None:
    from checkout.order.actions import cancel

    case = order_with_missing_pieces(outbox)
    cancel(order=case.order, why="test", by=case.picker)
    outbox.drain()
    case.refresh()
    assert case.question.state == "withdrawn"
    with pytest.raises(actions.AlreadyDecided):
        actions.answer(question=case.question, choice=WAIT)
    assert ShortageQuestion.objects.filter(state="asked").count() == 0
    assert money_back(outbox) == case.order.total_minor
    assert breaches() == []
