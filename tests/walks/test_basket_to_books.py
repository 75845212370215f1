"""The main story through the verbs of every room: ordered, picked, sent, invoiced, booked, reminded, paid."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from checkout.order.models import Order
from checkout.payment.actions import settle, start_card_payment
from checkout.payment.models import Payment
from fulfilment.finance.dunning.actions import run
from fulfilment.finance.dunning.models import DunningNotice
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import invoice_pdf_bytes
from fulfilment.finance.ledger.models import Entry, EntryLine
from fulfilment.finance.reconciliation import actions as bank
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock import actions as stock
from shop.kernel.clock import today
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from shop.notifications.tasks import send_due
from tests.checkout.payment.shopper import pay
from tests.factories.shopping import make_user, make_variant, place_order
from tests.factories.stock import make_bin
from tests.factories.warehouse import pick_everything, send_everything

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TUESDAY = dt.date(2026, 9, 1)


def shoe_in_stock(pieces: int, price_minor: int = 11_900, **options: Any) -> Any:
    """A shoe whose pieces lie in a bin, received by the warehouse."""
    record = make_variant(price_minor=price_minor, stock=0, **options)
    stock.receive(stockrecord=record, bin=make_bin(), quantity=pieces)
    record.refresh_from_db()
    return record


def balance(role: str) -> int:
    """Debit less credit of the account with a role, in minor units."""
    lines = EntryLine.objects.filter(account__role=role)
    return sum(line.debit_minor - line.credit_minor for line in lines)


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches]


def kinds_of_mail(order: Order) -> list[str]:
    return sorted(OutgoingMail.objects.filter(order_id=order.pk).values_list("kind", flat=True))


def test_a_card_order_reaches_warehouse_books_and_customer(standin: Any, outbox: Any) -> None:
    shoe = shoe_in_stock(5, cost_minor=4_000)
    order = place_order((shoe, 2), shipping_minor=490)
    payment = Payment.objects.get(order=order)
    pay(start_card_payment(payment=payment).id)
    settle(payment_id=payment.pk)
    outbox.drain()

    pick_list = PickList.objects.get(order=order)
    parcel = send_everything(pick_list, by=make_user(is_staff=True))
    outbox.drain()
    assert outbox.failures() == []

    order.refresh_from_db()
    shoe.refresh_from_db()
    assert order.status == "completed"
    assert (shoe.num_in_stock, shoe.num_allocated) == (3, 0)
    assert parcel.tracking_number

    invoice = Invoice.objects.get(order=order)
    assert (invoice.gross_minor, invoice.open_minor, invoice.state) == (24_290, 0, "paid")
    with pikepdf.open(BytesIO(invoice_pdf_bytes(invoice.pk))) as pdf:
        assert list(pdf.attachments) == ["factur-x.xml"]

    assert balance("psp_clearing") == 24_290
    assert balance("receivable") == 0
    assert balance("revenue_19") == -invoice.net_minor
    assert balance("vat_19") == -invoice.vat_minor
    assert sum(line.debit_minor - line.credit_minor for line in EntryLine.objects.all()) == 0
    assert not Entry.objects.filter(posted_at=None).exists()
    assert kinds_of_mail(order) == ["invoice_issued", "order_confirmed", "parcel_dispatched"]
    assert breaches() == []


def test_on_account_unpaid_is_reminded_and_paying_ends_it(outbox: Any, clock: Any, mailoutbox: Any) -> None:
    clock.on(TUESDAY)
    customer = make_user("anna@example.org")
    order = place_order((shoe_in_stock(1), 1), method="invoice", user=customer)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_user(is_staff=True))
    outbox.drain()
    invoice = Invoice.objects.get(order=order)
    assert invoice.open_minor == invoice.gross_minor
    send_due()
    mailoutbox.clear()

    clock.on(TUESDAY + dt.timedelta(days=45))
    [notice] = run(day=today()).notices
    outbox.drain()
    assert notice.total_minor == invoice.gross_minor
    assert "dunning_notice" in kinds_of_mail(order)
    send_due()
    [letter] = [mail for mail in mailoutbox if invoice.number in mail.body]
    assert letter.to == ["anna@example.org"]
    assert run(day=today()).notices == []

    receipt = bank.record(
        booked_on=today(), amount_minor=invoice.gross_minor, reference="1", text=invoice.number
    )
    bank.assign(receipt=receipt, order=order, amount_minor=invoice.gross_minor, invoice=invoice)
    outbox.drain()
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("paid", 0)
    clock.on(TUESDAY + dt.timedelta(days=90))
    assert run(day=today()).notices == []
    assert DunningNotice.objects.count() == 1
    assert balance("receivable") == 0
    assert outbox.failures() == []
    assert breaches() == []


def test_a_prepayment_is_confirmed_by_its_bank_receipt(outbox: Any) -> None:
    order = place_order((shoe_in_stock(1), 1), method="prepayment")
    outbox.drain()
    assert kinds_of_mail(order) == ["order_placed"]
    receipt = bank.record(booked_on=today(), amount_minor=order.total_minor, reference="7", text=order.number)
    bank.assign(receipt=receipt, order=order, amount_minor=order.total_minor)
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert PickList.objects.filter(order=order).count() == 1
    assert "order_confirmed" in kinds_of_mail(order)
    assert outbox.failures() == []
    assert breaches() == []


def test_two_parcels_make_two_invoices_that_add_up(outbox: Any) -> None:
    from fulfilment.warehouse.dispatch import actions as dispatch
    from fulfilment.warehouse.dispatch.queries import to_pack

    clerk = make_user(is_staff=True)
    order = place_order((shoe_in_stock(3, price_minor=3_333), 3), method="invoice", user=make_user())
    outbox.drain()
    pick_list = pick_everything(PickList.objects.get(order=order), by=clerk)
    [line] = [row.order_line.pk for row in to_pack(pick_list)]
    for pieces in (1, 2):
        parcel = dispatch.pack(pick_list=pick_list, quantities={line: pieces}, by=clerk)
        dispatch.dispatch(parcel=parcel, by=clerk)
        outbox.drain()
        pick_list.refresh_from_db()
    invoices = list(Invoice.objects.filter(order=order).order_by("pk"))
    assert [invoice.gross_minor for invoice in invoices] == [3_333 + 490, 6_666]
    assert sum(invoice.gross_minor for invoice in invoices) == order.total_minor
    assert outbox.failures() == []
    assert breaches() == []


def test_a_cancelled_paid_order_leaves_nothing_behind(standin: Any, outbox: Any) -> None:
    from checkout.order.actions import cancel
    from checkout.payment import tasks

    shoe = shoe_in_stock(1)
    order = place_order((shoe, 1))
    payment = Payment.objects.get(order=order)
    pay(start_card_payment(payment=payment).id)
    settle(payment_id=payment.pk)
    outbox.drain()
    order.refresh_from_db()
    cancel(order=order, why="ordered by mistake")
    outbox.drain()
    tasks.send_refunds()
    outbox.drain()
    shoe.refresh_from_db()
    assert shoe.num_allocated == 0
    assert PickList.objects.get(order=order).state == "cancelled"
    assert balance("psp_clearing") == 0
    assert balance("receivable") == 0
    assert kinds_of_mail(order) == ["order_cancelled", "order_confirmed", "refund_succeeded"]
    assert outbox.failures() == []
    assert breaches() == []


def test_changing_from_card_to_prepayment_mails_where_to_pay_once(outbox: Any) -> None:
    from checkout.payment.actions import change_method

    order = place_order((shoe_in_stock(1), 1))
    outbox.drain()
    assert kinds_of_mail(order) == []
    for _ in range(2):
        change_method(order=order, method="prepayment")
    outbox.drain()
    assert kinds_of_mail(order) == ["order_placed"]
    assert outbox.failures() == []
