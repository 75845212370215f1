"""Giving up: the net is lost, the VAT corrected, the receivable gone; and money that comes after all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit
from fulfilment.finance.dunning.actions import (
    CannotWriteOff,
    ask_or_write_off,
    lost_minor,
    run,
    undo_write_off,
    write_off,
)
from fulfilment.finance.dunning.models import Recovery, WriteOff
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.verify import CHECKS as INVOICING
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.verify import CHECKS as LEDGER
from fulfilment.finance.reconciliation.actions import assign, record, undo
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from tests.factories.people import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def balance(role: str) -> int:
    lines = EntryLine.objects.filter(account__role=role).values_list("debit_minor", "credit_minor")
    return sum(debit - credit for debit, credit in lines)


def books_are_right() -> None:
    checks = [check for title, check in (*INVOICING, *LEDGER) if "parcel" not in title]
    assert [words for check in checks for words in check()] == []


def give_up(invoice: Invoice, amount_minor: int | None = None) -> WriteOff:
    return write_off(
        invoice=invoice,
        amount_minor=amount_minor or Invoice.objects.get(pk=invoice.pk).open_minor,
        reason_code="uncollectable",
        reason="moved away",
    )


def test_the_whole_claim_is_lost_and_its_vat_corrected(debt: Invoice) -> None:
    """1,004.90 gross at 19 %: 844.45 lost, 160.45 VAT corrected, nothing receivable."""
    vat = -balance("vat_19")
    done = give_up(debt)
    debt.refresh_from_db()
    assert (debt.state, debt.open_minor, balance("receivable")) == ("written_off", 0, 0)
    assert balance("bad_debt_19") == debt.net_minor
    assert -balance("vat_19") == vat - debt.vat_minor
    assert sum(row["vat_minor"] for row in done.taxes) == debt.vat_minor
    assert CustomerCredit.objects.get(user_id=debt.user_id).open_items_minor == 0
    assert run(day=dt.date(2026, 12, 1)).written == 0
    books_are_right()


def test_parts_written_off_one_after_the_other_add_up_to_the_whole(debt: Invoice) -> None:
    for amount in (33_333, 33_334):
        give_up(debt, amount)
    rest = give_up(debt)
    taxes = [row for one in WriteOff.objects.all() for row in one.taxes]
    debt.refresh_from_db()
    assert sum(row["vat_minor"] for row in taxes) == debt.vat_minor
    assert sum(row["net_minor"] for row in taxes) == debt.net_minor
    assert rest.amount_minor == debt.gross_minor - 66_667
    books_are_right()


def test_a_reversal_brings_the_claim_back(debt: Invoice) -> None:
    done = give_up(debt)
    assert undo_write_off(write_off=done, why="wrong customer", by=None)
    assert not undo_write_off(write_off=done, why="wrong customer", by=None)
    debt.refresh_from_db()
    assert (debt.state, debt.open_minor) == ("issued", debt.gross_minor)
    assert (balance("bad_debt_19"), lost_minor(debt)) == (0, 0)
    books_are_right()


def test_money_after_the_write_off_is_income_with_its_vat_and_goes_back_when_undone(
    debt: Invoice, outbox: Any
) -> None:
    give_up(debt)
    order = Order.objects.get(pk=debt.order_id)
    receipt = record(booked_on=dt.date(2026, 11, 19), amount_minor=40_000, reference="9/1")
    given = assign(receipt=receipt, order=order, amount_minor=40_000)
    outbox.drain()
    debt.refresh_from_db()
    assert (lost_minor(debt), debt.open_minor, debt.state) == (debt.gross_minor - 40_000, 0, "written_off")
    assert -balance("bad_debt_recovered") == 40_000 - Recovery.objects.get().taxes[0]["vat_minor"]
    books_are_right()
    with pytest.raises(CannotWriteOff):
        undo_write_off(write_off=WriteOff.objects.get(), why="late", by=None)
    undo(assignment=given, why="another customer's")
    outbox.drain()
    assert lost_minor(debt) == debt.gross_minor
    assert balance("bad_debt_recovered") == 0
    books_are_right()


def test_all_of_it_came_after_all_and_the_invoice_is_paid(debt: Invoice, outbox: Any) -> None:
    give_up(debt)
    order = Order.objects.get(pk=debt.order_id)
    receipt = record(booked_on=dt.date(2026, 11, 19), amount_minor=debt.gross_minor, reference="9/2")
    assign(receipt=receipt, order=order, amount_minor=debt.gross_minor)
    outbox.drain()
    debt.refresh_from_db()
    assert (debt.state, lost_minor(debt), balance("receivable")) == ("paid", 0, 0)
    books_are_right()


def test_above_the_limit_a_second_person_decides(debt: Invoice) -> None:
    clerk = make_staff("clerk@example.org", "dunning.write_off")
    chief = make_staff("chief@example.org", "dunning.approve_write_off")
    debt.refresh_from_db()
    wanted = {"amount_minor": debt.open_minor, "reason_code": "insolvent", "reason": "court says so"}
    asked = ask_or_write_off(invoice=debt, by=clerk, **wanted)
    assert isinstance(asked, Approval)
    assert not WriteOff.objects.exists()
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=asked, by=clerk)
    approvals.approve(approval=asked, by=chief)
    done = WriteOff.objects.get()
    assert (done.by, done.approved_by, done.amount_minor) == (clerk, chief, debt.gross_minor)


def test_what_was_paid_before_the_decision_cannot_be_written_off(debt: Invoice) -> None:
    from tests.factories.finance import pay_invoice

    clerk = make_staff("clerk@example.org", "dunning.write_off")
    chief = make_staff("chief@example.org", "dunning.approve_write_off")
    debt.refresh_from_db()
    asked = ask_or_write_off(
        invoice=debt, amount_minor=debt.open_minor, reason_code="insolvent", reason="court", by=clerk
    )
    pay_invoice(debt, 10_000)
    assert isinstance(asked, Approval)
    with pytest.raises(approvals.CannotRun):
        approvals.approve(approval=asked, by=chief)
    asked.refresh_from_db()
    assert asked.state == "waiting"


@pytest.mark.parametrize("amount", [0, -1, 10_000_000])
def test_only_what_is_open_can_be_written_off(amount: int, debt: Invoice) -> None:
    with pytest.raises(CannotWriteOff):
        write_off(invoice=debt, amount_minor=amount, reason_code="unknown", reason="x")
