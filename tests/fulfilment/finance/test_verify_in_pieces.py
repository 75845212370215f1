"""``manage.py verify_ledger`` reads long books in pieces: what it holds does not grow with them."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F, Value

from fulfilment.finance.invoicing import verify as invoicing
from fulfilment.finance.invoicing.models import Invoice, InvoiceLine, OrderMoney
from fulfilment.finance.ledger import chain
from fulfilment.finance.ledger import verify as ledger
from fulfilment.finance.ledger.actions import NewEntry, post_many, seal
from fulfilment.finance.ledger.compare import differences, side
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reconciliation import verify as reconciliation
from fulfilment.finance.reconciliation.models import Assignment, Receipt
from fulfilment.finance.reports import verify as reports
from tests.fulfilment.finance.filled import invoiced
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
FEW, MANY, BASE = 300, 3_000, 1_000_000
GROWTH_BYTES = 200_000  #: more than noise, less than one object a row for MANY rows
CHECKS = [*ledger.CHECKS, *invoicing.CHECKS, *reconciliation.CHECKS, *reports.CHECKS]


def write(model: Any, rows: list[Any]) -> None:
    model.objects.bulk_create(rows, batch_size=500)


def grow(like: Invoice, first: int, until: int) -> None:
    """Rows as the rooms write them, many at once: documents, their money, their entries, receipts, assignments."""
    day = dt.date(2026, 11, 20)
    sold = [
        Posting("receivable", debit_minor=100, subject="order:x"),
        Posting("revenue_0", credit_minor=100),
    ]
    numbers = range(first, until)
    post_many(
        entries=[NewEntry(f"invoice:M{n}", "invoice_issued", sold, day, document=f"M{n}") for n in numbers]
    )
    post_many(entries=[NewEntry(f"assignment:{BASE + n}", "receipt_assigned", sold, day) for n in numbers])
    facts = _facts(like) | {
        "gross_minor": 100,
        "net_minor": 100,
        "vat_minor": 0,
        "open_minor": 100,
        "paid_minor": 0,
        "state": "issued",
    }
    write(Invoice, [Invoice(**facts | {"number": f"M{n}", "source": f"parcel:{BASE + n}"}) for n in numbers])
    ids = dict(Invoice.objects.filter(number__startswith="M").values_list("number", "pk"))
    article = {"position": 1, "name": "x", "quantity": 1, "gross_minor": 100, "rate_bp": 0, "category": "S"}
    write(InvoiceLine, [InvoiceLine(invoice_id=ids[f"M{n}"], vat_minor=0, **article) for n in numbers])
    money = {"account_id": like.account_id, "kind": OrderMoney.TRANSFER, "amount_minor": 1, "booked_on": day}
    write(OrderMoney, [OrderMoney(source=f"assignment:{BASE + n}", **money) for n in numbers])
    write(Receipt, [Receipt(booked_on=day, amount_minor=500, reference=f"m/{n}") for n in numbers])
    receipts = dict(Receipt.objects.filter(reference__startswith="m/").values_list("reference", "pk"))
    write(
        Assignment,
        [
            Assignment(pk=BASE + n, receipt_id=receipts[f"m/{n}"], account_id=like.account_id, amount_minor=1)
            for n in numbers
        ],
    )


def _facts(invoice: Invoice) -> dict[str, Any]:
    names = [field.attname for field in Invoice._meta.concrete_fields if not field.primary_key]
    return {name: getattr(invoice, name) for name in names}


def peak(check: Callable[[], list[str]]) -> int:
    """The most bytes that a check held at once."""
    check()  # what is imported and cached at the first time is not the books
    tracemalloc.start()
    try:
        check()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_no_check_of_the_books_holds_more_when_there_is_ten_times_as_much(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    for module in (chain, invoicing, ledger, reports):
        monkeypatch.setattr(module, "CHUNK", 100)
    clock.on(dt.date(2026, 11, 21))
    like = invoiced(outbox)
    grow(like, 0, FEW)
    clock.on(dt.date(2026, 11, 22))
    seal(day=dt.date(2026, 11, 21))
    before = {name: peak(check) for name, check in CHECKS}
    grow(like, FEW, MANY)
    clock.on(dt.date(2026, 11, 24))
    seal(day=dt.date(2026, 11, 23))
    assert Entry.objects.count() > 2 * MANY
    after = {name: peak(check) for name, check in CHECKS}
    grown = {name: after[name] - before[name] for name in after if after[name] - before[name] > GROWTH_BYTES}
    assert grown == {}, "read it in pieces, or let the database compare"


def test_what_differs_is_found_by_the_database_and_only_so_much_comes_back() -> None:
    roles = Account.objects.exclude(role="")
    same = side(roles, F("role"), Value(1))
    assert differences(same, side(roles, F("role"), Value(1))) == []
    off = differences(same, side(roles.exclude(role="bank"), F("role"), Value(1)))
    assert [(one.fact, one.here, one.there, one.rows_here, one.rows_there) for one in off] == [
        ("bank", 1, 0, 1, 0)
    ]
    halves = [side(roles, F("role"), Value(1)), side(roles.filter(role="cash"), F("role"), Value(1))]
    assert [one.fact for one in differences(same, *halves)] == ["cash"]
    assert (
        differences(side(roles.none() | roles.filter(role="bank"), F("role"), Value(1)), same, only_here=True)
        == []
    )
    assert len(differences(same, side(roles.filter(role="bank"), F("role"), Value(1)), shown=3)) == 3
