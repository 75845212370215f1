"""Two clerks with one line of the bank, two workers with one file: one does it, the other is told."""

from __future__ import annotations

import pytest

from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import take_in
from fulfilment.finance.reconciliation.deciding import Changed, decide
from fulfilment.finance.reconciliation.matching.run import match_these
from fulfilment.finance.reconciliation.models import Assignment, Receipt
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import make_order, order_lines
from tests.fulfilment.finance.reconciliation.bank_lines import DAY, intake_of, line, statement, told
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]


def invoiced(amount_of: int = 1) -> list[Invoice]:
    for _ in range(amount_of):
        order = make_order()
        issue_for_parcel(
            parcel_id=order.pk,
            order_id=order.pk,
            quantities={order_lines(order)[0].pk: 1},
            dispatched_on=DAY,
        )
    return list(Invoice.objects.order_by("pk"))


def test_of_many_clerks_with_one_line_one_books_and_the_others_are_told(fresh_database: None) -> None:
    [invoice] = invoiced()
    receipt = told(11_900, invoice.number)
    [[chosen, *_]] = match_these([receipt]).values()
    answers = all_at_once([lambda: decide(money=receipt, proposal=chosen, seen_left_minor=11_900)] * 8)
    assert sum(isinstance(answer, list) for answer in answers) == 1
    assert sum(isinstance(answer, Changed) for answer in answers) == 7
    assert Assignment.objects.count() == 1
    assert problems() == []


def test_two_transfers_for_one_invoice_at_once_pay_it_once(fresh_database: None) -> None:
    [invoice] = invoiced()
    both = [told(11_900, invoice.number) for _ in range(2)]
    found = match_these(both)
    deeds = [
        lambda one=one: decide(  # type: ignore[misc]
            money=one, proposal=found[f"receipt:{one.pk}"][0], seen_left_minor=11_900
        )
        for one in both
    ]
    answers = all_at_once(deeds)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.paid_minor) == ("paid", 11_900)
    assert sorted(type(answer).__name__ for answer in answers) == ["Changed", "list"], "the other is told"
    assert problems() == []


def test_two_transfers_for_one_prepayment_at_once_pay_it_once(fresh_database: None) -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    both = [told(11_900, order.number) for _ in range(2)]
    found = match_these(both)
    deeds = [
        lambda one=one: decide(  # type: ignore[misc]
            money=one, proposal=found[f"receipt:{one.pk}"][0], seen_left_minor=11_900
        )
        for one in both
    ]
    answers = all_at_once(deeds)
    assert sorted(type(answer).__name__ for answer in answers) == ["Changed", "list"]
    assert order.account.received_minor == 11_900
    assert problems() == []


def test_of_many_workers_with_one_file_each_line_is_money_once(fresh_database: None) -> None:
    of = statement()
    for at in range(30):
        line(of, 100 + at)
    intake = intake_of(of)
    all_at_once([lambda: take_in(intake=intake)] * 6)
    take_in(intake=intake)
    assert Receipt.objects.count() == 30
    assert problems() == []
