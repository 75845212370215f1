"""A naive auditor beside the real books: random histories, recomputed with a dictionary and a pencil.

The auditor knows only the facts (who ordered, paid, got, sent back what) and adds them up by the plainest means; the
ledger, the orders' accounts and the invoices must agree with it after every step.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkout.payment.events import PaymentDisputed, RefundSucceeded
from fulfilment.finance.invoicing.actions import (
    book_dispute,
    book_refund,
    cancel_invoice,
    credit_note,
    issue_for_parcel,
)
from fulfilment.finance.invoicing.actions.rests import credited_minor
from fulfilment.finance.invoicing.models import Invoice, InvoiceLine
from fulfilment.finance.invoicing.parts import RateRest, part_of_line, part_of_rest, spread_amount
from fulfilment.finance.invoicing.subscribers import actions as invoicing_actions
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import assign, record, undo
from fulfilment.finance.reconciliation.models import Assignment, Receipt
from fulfilment.finance.reports import open_items
from shop.kernel.money import vat_from_gross
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, make_order

DAY = dt.date(2026, 11, 20)
FAR = dt.date(2099, 12, 31)
RATES = [1900, 700, 0]


class Auditor:
    """Sums by hand. Everything in cents; ``owed`` is per order: invoiced less credited less paid, plus sent back."""

    def __init__(self) -> None:
        self.owed: dict[str, int] = defaultdict(int)
        self.psp = self.bank = self.unexplained = self.rounding = self.fees = 0
        self.net: dict[int, int] = defaultdict(int)
        self.vat: dict[int, int] = defaultdict(int)

    def document(self, order: str, lines: list[tuple[int, int, int]], sign: int) -> None:
        """Lines are (gross, vat, rate)."""
        for gross, vat, rate in lines:
            self.owed[order] += sign * gross
            self.net[rate] += sign * (gross - vat)
            self.vat[rate] += sign * vat

    def card(self, order: str, amount: int, fee: int = 0) -> None:
        """A capture (positive), refund or dispute (negative)."""
        self.owed[order] -= amount
        self.psp += amount - fee
        self.fees += fee

    def receipt(self, amount: int) -> None:
        self.bank += amount
        self.unexplained += amount

    def assigned(self, order: str, amount: int, given_up: int) -> None:
        self.unexplained -= amount
        self.owed[order] -= amount + given_up
        self.rounding += given_up

    def compare(self) -> None:
        """The ledger says the same."""
        for order, owed in self.owed.items():
            assert balance_minor("receivable", subject=f"order:{order}") == owed, order
        assert balance_minor("receivable") == sum(self.owed.values())
        assert (balance_minor("psp_clearing"), balance_minor("bank")) == (self.psp, self.bank)
        assert balance_minor("unexplained") == -self.unexplained
        assert (balance_minor("rounding"), balance_minor("cost_of_disputes")) == (self.rounding, self.fees)
        for rate, roles in {1900: ("revenue_19", "vat_19"), 700: ("revenue_7", "vat_7")}.items():
            assert (-balance_minor(roles[0]), -balance_minor(roles[1])) == (self.net[rate], self.vat[rate]), (
                rate
            )
        assert -balance_minor("revenue_0") == self.net[0]


class Shop:
    """A random history: each step picks something that may happen now and does it, in the shop and in the auditor."""

    def __init__(self, data: Any) -> None:
        self.data, self.auditor, self.at = data, Auditor(), 0
        self.orders: list[Any] = []
        self.steps: list[Callable[[], None]] = [
            self.order, self.capture, self.dispatch, self.dispatch, self.receipt, self.assign, self.assign,
            self.undo, self.credit, self.cancel, self.refund, self.dispute,
        ]  # fmt: skip

    def pick(self, things: Any) -> Any:
        things = list(things)
        return self.data.draw(st.sampled_from(things)) if things else None

    def number(self, low: int, high: int) -> int:
        return int(self.data.draw(st.integers(low, high)))

    def next(self) -> int:
        self.at += 1
        return self.at

    def order(self) -> None:
        wishes = [
            Wish(self.number(1, 4), self.number(0, 30_000), self.pick(RATES))
            for _ in range(self.number(1, 3))
        ]
        method = self.pick(["card", "invoice", "invoice"])
        order = make_order(*wishes, method=method, shipping_minor=self.number(0, 1) * 490)
        self.orders.append(order)

    def capture(self) -> None:
        order = self.pick(o for o in self.orders if o.payment_method == "card" and not hasattr(o, "paid"))
        if order is None or not order.total_minor:
            return
        payment = order.payments.get()
        order.paid = payment
        type(payment).objects.filter(pk=payment.pk).update(state="captured")
        event = _captured(order, payment)
        for _ in range(self.number(1, 2)):  # told twice now and then
            invoicing_actions.book_capture(captured=event)
        self.auditor.card(order.number, payment.amount_minor)

    def dispatch(self) -> None:
        order = self.pick(self.orders)
        if order is None:
            return
        sent = order.__dict__.setdefault("sent", defaultdict(int))
        wanted = {}
        for line in order.lines.all():
            count = self.number(0, line.quantity - sent[line.pk])
            if count:
                wanted[line.pk] = count
        if not wanted:
            return
        for pk, count in wanted.items():
            sent[pk] += count
        invoice = issue_for_parcel(
            parcel_id=self.next(), order_id=order.pk, quantities=wanted, dispatched_on=DAY
        )
        self.auditor.document(order.number, _document(invoice), 1)

    def receipt(self) -> None:
        amount = self.number(1, 40_000)
        record(booked_on=DAY, amount_minor=amount, reference=f"r{self.next()}")
        self.auditor.receipt(amount)

    def assign(self) -> None:
        receipt, order = (
            self.pick(r for r in Receipt.objects.order_by("pk") if r.left_minor),
            self.pick(self.orders),
        )
        if receipt is None or order is None:
            return
        claim = self.pick([None, *Invoice.objects.open().filter(order=order)])
        near = claim.open_minor - self.number(0, 5) if claim else 0
        amount = near if 0 < near <= receipt.left_minor else self.number(1, receipt.left_minor)
        done = assign(
            receipt=receipt,
            order=order,
            invoice=claim,
            amount_minor=amount,
            accept_difference=bool(self.number(0, 1)),
        )
        self.auditor.assigned(order.number, amount, done.rounding_minor)

    def undo(self) -> None:
        assignment = self.pick(
            Assignment.objects.order_by("pk").filter(undone_at=None).select_related("account")
        )
        if assignment is None:
            return
        undo(assignment=assignment, why="test")
        self.auditor.assigned(
            assignment.account.order_number, -assignment.amount_minor, -assignment.rounding_minor
        )

    def credit(self) -> None:
        claim = self.pick(Invoice.objects.claims().exclude(state="cancelled"))
        left = claim.gross_minor - credited_minor(claim) if claim else 0
        if not left:
            return
        amount = self.pick([left, self.number(1, left)])
        note = credit_note(invoice=claim, source=f"c{self.next()}", reason="x", amount_minor=amount)
        assert note.gross_minor == amount
        self.auditor.document(claim.order_number, _document(note), -1)

    def cancel(self) -> None:
        claim = self.pick(
            c for c in Invoice.objects.claims().exclude(state="cancelled") if not credited_minor(c)
        )
        if claim is None or self.number(0, 2):
            return
        order = next(o for o in self.orders if o.pk == claim.order_id)
        for line in claim.lines.all():
            order.sent[line.order_line_id] -= line.quantity
        self.auditor.document(claim.order_number, _document(cancel_invoice(invoice=claim, reason="x")), -1)

    def refund(self) -> None:
        order = self.pick(o for o in self.orders if hasattr(o, "paid"))
        if order is None:
            return
        left = order.paid.amount_minor - order.__dict__.get("back", 0)
        if not left:
            return
        amount = self.number(1, left)
        order.back = order.__dict__.get("back", 0) + amount
        event = RefundSucceeded(
            self.next(), order.paid.pk, order.pk, order.number, "card", amount, "EUR", "re"
        )
        book_refund(refund=event)
        book_refund(refund=event)
        self.auditor.card(order.number, -amount)

    def dispute(self) -> None:
        order = self.pick(o for o in self.orders if hasattr(o, "paid") and not o.__dict__.get("back"))
        if order is None or self.number(0, 3):
            return
        order.back = order.paid.amount_minor
        event = PaymentDisputed(
            order.paid.pk, order.pk, order.number, order.back, 2_000, "EUR", f"dp{self.next()}"
        )
        book_dispute(dispute=event)
        self.auditor.card(order.number, -order.back)
        self.auditor.psp -= 2_000
        self.auditor.fees += 2_000


def _captured(order: Any, payment: Any) -> Any:
    from checkout.payment.events import PaymentCaptured

    return PaymentCaptured(payment.pk, order.pk, order.number, "card", payment.amount_minor, "EUR", "pi")


def _document(invoice: Invoice) -> list[tuple[int, int, int]]:
    """Gross, VAT and rate of every line and charge, as printed."""
    rows = InvoiceLine.objects.filter(invoice=invoice).values_list("gross_minor", "vat_minor", "rate_bp")
    charges = [(charge["gross_minor"], charge["vat_minor"], charge["rate_bp"]) for charge in invoice.charges]
    return [*rows, *charges]


@pytest.mark.django_db
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)
@given(data=st.data())
def test_random_histories_agree_with_the_auditor(data: Any) -> None:
    with transaction.atomic():
        point = transaction.savepoint()
        shop = Shop(data)
        shop.order()
        for _ in range(data.draw(st.integers(5, 30))):
            shop.pick(shop.steps)()
            shop.auditor.compare()
        # Random facts need no parcels and no captured state; everything else must hold.
        assert problems() == []
        owed = sum(bucket.open_minor for bucket in open_items.ageing(open_items.Asked(FAR)))
        in_credit = sum(one.credit_minor for one in open_items.advances(FAR))
        assert owed - in_credit == balance_minor("receivable")
        transaction.savepoint_rollback(point)


@given(
    st.integers(0, 10**7),
    st.sampled_from([1900, 700, 0, 2000, 2500]),
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
)
def test_parts_of_a_line_add_up_to_the_line_whatever_leaves_when(
    gross: int, rate: int, parcels: list[int]
) -> None:
    quantity, done = sum(parcels), 0
    parts = []
    for count in parcels:
        parts.append(
            part_of_line(
                quantity=quantity,
                done=done,
                now=count,
                gross_minor=gross,
                rate_bp=rate,
                discount_minor=gross // 3,
            )
        )
        done += count
    assert sum(part.gross_minor for part in parts) == gross
    assert sum(part.vat_minor for part in parts) == vat_from_gross(gross, rate)
    assert sum(part.discount_minor for part in parts) == gross // 3
    assert all(0 <= part.vat_minor <= part.gross_minor for part in parts)
    for part in parts:  # no part is further from its fair share than a cent
        assert abs(part.gross_minor * quantity - gross * part.quantity) <= quantity


@given(
    st.integers(0, 10**7),
    st.sampled_from([1900, 700, 0]),
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
)
def test_credit_notes_for_all_pieces_add_up_to_the_line(gross: int, rate: int, returns: list[int]) -> None:
    rest, gross_left, vat_left = sum(returns), gross, vat_from_gross(gross, rate)
    for count in returns:
        part = part_of_rest(
            rest_quantity=rest, now=count, gross_minor=gross_left, vat_minor=vat_left, discount_minor=0
        )
        rest, gross_left, vat_left = rest - count, gross_left - part.gross_minor, vat_left - part.vat_minor
        assert 0 <= vat_left <= gross_left
    assert (rest, gross_left, vat_left) == (0, 0, 0)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([1900, 700, 0])), min_size=1, max_size=3),
    st.data(),
)
def test_an_amount_is_spread_over_the_rates_without_a_cent_lost(
    rows: list[tuple[int, int]], data: Any
) -> None:
    rests = [RateRest("S", rate, gross, vat_from_gross(gross, rate)) for gross, rate in rows]
    left = sum(rest.gross_minor for rest in rests)
    if not left:
        return
    amount = data.draw(st.integers(1, left))
    parts = spread_amount(amount, rests)
    assert sum(part.gross_minor for part in parts) == amount
    assert all(0 <= part.vat_minor <= part.gross_minor for part in parts)
    if amount == left:
        assert sum(part.vat_minor for part in parts) == sum(rest.vat_minor for rest in rests)
