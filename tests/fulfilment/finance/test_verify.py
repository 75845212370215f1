"""Each check of the books is shown to fail: the fault is made behind the application's back, guards taken off first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import F

from checkout.payment.models import Payment
from fulfilment.finance.invoicing import triggers as invoice_triggers
from fulfilment.finance.invoicing import verify as invoicing
from fulfilment.finance.invoicing.models import Invoice, OrderAccount
from fulfilment.finance.ledger import triggers as ledger_triggers
from fulfilment.finance.ledger import verify as ledger
from fulfilment.finance.ledger.actions import seal
from fulfilment.finance.ledger.models import Account, Entry, EntryLine
from fulfilment.finance.reconciliation import verify as reconciliation
from fulfilment.finance.reconciliation.actions import assign, record
from fulfilment.finance.reconciliation.models import Receipt
from fulfilment.warehouse.counting.models import CountLine, CountTask
from shop.kernel.clock import frozen, now, today
from shop.kernel.models import Delivery, NumberSeries
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import capture, dispatch, make_order
from tests.fulfilment.finance.reconciliation.bank_lines import intake_of, line, statement
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(outbox: Outbox) -> None:
    """Some sound books: a card order, an order on account, a receipt on it, and one that is only half explained."""
    card, account = make_order(method="card"), make_order()
    capture(card)
    dispatch(card)
    dispatch(account)
    outbox.drain()
    invoice = Invoice.objects.get(order=account)
    receipt = record(booked_on=dt.date(2026, 11, 20), amount_minor=5_000, reference="1/1")
    assign(receipt=receipt, order=account, invoice=invoice, amount_minor=4_000)
    assert problems() == []


def unguarded(work: Callable[[], object]) -> None:
    """Do what the database refuses, as somebody with its password could."""
    with connection.cursor() as cursor:
        for guard in (*ledger_triggers.GUARDS, *invoice_triggers.GUARDS):
            table = "" if connection.vendor == "sqlite" else f" ON {guard.table}"
            cursor.execute(f"DROP TRIGGER {guard.name}{table}")
    work()


def line_without_money() -> None:
    of = statement()
    line(of, 100)
    intake_of(of).__class__.objects.update(done_at=now())


def difference_nobody_told_of() -> None:
    record = make_stockrecord("LOST", bins={"A-01": 5}, unit_cost_minor=3_000)
    task = CountTask.objects.create(number="C1", bin=make_bin("A-01"), state="booked")
    CountLine.objects.create(
        task=task, stockrecord=record, first=3, expected=5, unit_cost_minor=3_000, is_booked=True
    )
    Delivery.objects.update(state="done")


def changed_after_it_was_sealed() -> None:
    with frozen(now() + dt.timedelta(days=1)):
        seal(day=today() - dt.timedelta(days=1))
    Entry.objects.filter(kind="receipt_recorded").update(text="somebody else")


FAULTS: list[tuple[str, Callable[[], list[str]], Callable[[], object]]] = [
    (
        "a difference of a count that the books do not know",
        ledger.differences_of_stock_are_booked,
        difference_nobody_told_of,
    ),
    (
        "a changed amount",
        ledger.every_entry_balances,
        lambda: EntryLine.objects.filter(debit_minor=5_000).update(debit_minor=5_001),
    ),
    (
        "a changed amount",
        ledger.trial_balance_is_zero,
        lambda: EntryLine.objects.filter(debit_minor=5_000).update(debit_minor=5_001),
    ),
    (
        "a draft",
        ledger.no_drafts_are_left,
        lambda: Entry.objects.filter(kind="receipt_recorded").update(posted_at=None),
    ),
    ("a sealed entry that was changed", ledger.sealed_entries_are_unchanged, changed_after_it_was_sealed),
    ("no guards", ledger.guards_are_in_place, lambda: None),
    ("no guards", invoicing.guards_are_in_place, lambda: None),
    (
        "a line on another account",
        invoicing.receivable_equals_open_items,
        lambda: EntryLine.objects.filter(debit_minor=11_900, account__role="receivable").update(
            account=Account.objects.get(role="bank")
        ),
    ),
    (
        "an invoice shown as paid",
        invoicing.paid_equals_allocations,
        lambda: Invoice.objects.filter(state="part_paid").update(paid_minor=F("gross_minor"), open_minor=0),
    ),
    (
        "an account that does not add up",
        invoicing.accounts_add_up,
        lambda: OrderAccount.objects.update(received_minor=F("received_minor") + 1),
    ),
    (
        "a gap in the numbers",
        invoicing.numbers_are_gapless,
        lambda: NumberSeries.objects.filter(series="R").update(last=F("last") + 1),
    ),
    (
        "a changed line",
        invoicing.lines_add_up_to_their_document,
        lambda: Invoice.objects.first().lines.update(gross_minor=1, vat_minor=0),  # type: ignore[union-attr]
    ),
    (
        "a document posted with another amount",
        invoicing.documents_are_posted_once,
        lambda: EntryLine.objects.filter(entry__kind="invoice_issued").update(
            debit_minor=F("debit_minor") * 2
        ),
    ),
    (
        "a line without VAT and without proof",
        invoicing.supplies_without_vat_have_their_proof,
        lambda: Invoice.objects.first().lines.update(category="K"),  # type: ignore[union-attr]
    ),
    (
        "an invoice in place of one that stands",
        invoicing.replaced_invoices_are_cancelled,
        lambda: Invoice.objects.filter(pk=Invoice.objects.latest("pk").pk).update(
            replaces=Invoice.objects.earliest("pk")
        ),
    ),
    (
        "a document that was never issued",
        invoicing.entries_of_documents_exist,
        lambda: Entry.objects.filter(kind="invoice_issued").update(document="R2026-999999"),
    ),
    (
        "a captured payment without an entry",
        invoicing.card_payments_are_posted_once,
        lambda: Payment.objects.filter(method="card").update(amount_minor=F("amount_minor") + 1),
    ),
    (
        "a receipt that shows too much",
        reconciliation.money_equals_its_assignments,
        lambda: Receipt.objects.update(assigned_minor=4_500),
    ),
    (
        "a receipt that shows too much",
        reconciliation.unexplained_equals_open_money,
        lambda: Receipt.objects.update(assigned_minor=4_500),
    ),
    (
        "an assignment of another amount",
        reconciliation.assignments_are_on_their_orders,
        lambda: Receipt.objects.get().assignments.update(amount_minor=3_999),
    ),
    (
        "a line of the bank that is no money",
        reconciliation.lines_are_money_once,
        line_without_money,
    ),
    (
        "an assignment undone and not reversed",
        reconciliation.assignments_are_in_the_books,
        lambda: Receipt.objects.get().assignments.update(undone_at=now()),
    ),
]


@pytest.mark.parametrize(
    ("fault", "check", "work"), FAULTS, ids=[f"{fault}: {check.__name__}" for fault, check, _ in FAULTS]
)
def test_the_check_names_the_fault(
    shop: None, fault: str, check: Callable[[], list[str]], work: Callable[[], object]
) -> None:
    assert check() == []
    unguarded(work)
    assert check() != []


def test_a_parcel_without_an_invoice_is_named(shop: None) -> None:
    from fulfilment.warehouse.dispatch.models import Parcel
    from fulfilment.warehouse.picking.actions import make_pick_list

    order = make_order()
    pick_list = make_pick_list(order_id=order.pk)
    parcel = Parcel.objects.create(
        order=order, pick_list=pick_list, number="P1", sequence=1, state="dispatched"
    )
    parcel.lines.create(order_line_id=order.lines.get().pk, quantity=1)
    assert invoicing.parcels_are_invoiced_once() == [
        f"parcel {parcel.pk} with 1 pieces has an invoice over 0"
    ]
    Parcel.objects.update(state="unpacked")  # it never left, so it is owed no invoice
    assert invoicing.parcels_are_invoiced_once() == []


def test_every_check_has_a_fault_that_it_finds() -> None:
    tried = {check.__name__ for _, check, _ in FAULTS} | {"parcels_are_invoiced_once"}
    tried |= {"store_credit_is_what_we_owe"}  # tests/checkout/store_credit/test_credit.py breaks it
    every = {check.__name__ for _, check in (*ledger.CHECKS, *invoicing.CHECKS, *reconciliation.CHECKS)}
    # The database itself refuses a line with two sides or none; there is no way to make that fault.
    assert every - tried == {"lines_have_one_positive_side"}
