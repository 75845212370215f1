"""Lines of the bank's files become money once, whatever happens on the way."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from fulfilment.finance.bank.models import StatementLine
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import intake as intake_verbs
from fulfilment.finance.reconciliation.actions import link, record, record_disbursement, take_in, unlink
from fulfilment.finance.reconciliation.actions.disburse import LeftBefore
from fulfilment.finance.reconciliation.models import Disbursement, Intake, Receipt
from fulfilment.finance.reconciliation.queries import unexplained_minor
from fulfilment.finance.reconciliation.tasks import take_in_all, take_in_one
from tests.fulfilment.finance.books import closed, problems
from tests.fulfilment.finance.reconciliation.bank_lines import (
    DAY,
    intake_of,
    line,
    statement,
    tell,
    told,
)
from tests.support.helpers import Outbox, Queue

pytestmark = pytest.mark.django_db


def test_lines_become_receipts_and_disbursements_once(outbox: Outbox, queue: Queue) -> None:
    of = statement()
    line(of, 11_900, "danke")
    line(of, -500, "Entgelt")
    for _again in range(2):
        tell(of)
        outbox.drain()
        take_in_one(Intake.objects.get().pk)
    assert (Receipt.objects.count(), Disbursement.objects.count()) == (1, 1)
    assert (balance_minor("bank"), unexplained_minor()) == (11_400, 11_400)
    assert problems() == []


def test_a_worker_that_died_left_whole_chunks_and_another_goes_on(
    monkeypatch: pytest.MonkeyPatch, queue: Queue
) -> None:
    monkeypatch.setattr(intake_verbs, "CHUNK", 2)
    of = statement()
    for amount in range(1, 8):
        line(of, amount * 100)
    intake = intake_of(of)
    assert take_in(intake=intake, limit=1) == 2
    assert Receipt.objects.count() == 2
    take_in_all()
    intake.refresh_from_db()
    assert (Receipt.objects.count(), intake.taken, intake.done_at is None) == (7, 7, False)
    assert problems() == []


def test_a_line_is_never_two_receipts() -> None:
    receipt = told(1_000)
    with pytest.raises(IntegrityError), transaction.atomic():
        Receipt.objects.create(line=receipt.line, booked_on=DAY, amount_minor=1_000, reference="x")


def test_a_collective_line_is_no_money_once_its_transactions_are_known(outbox: Outbox, queue: Queue) -> None:
    of = statement()
    whole = line(of, 3_000, is_collective=True, batch="b1")
    tell(of)
    outbox.drain()
    take_in_all()
    assert unexplained_minor() == 3_000
    StatementLine.objects.filter(pk=whole.pk).update(is_replaced=True)
    details = statement(of.account)
    line(details, 1_000)
    line(details, 2_000)
    tell(details, [whole.pk])
    outbox.drain()
    take_in_all()
    assert unexplained_minor() == 3_000
    assert Receipt.objects.exclude(state="withdrawn").count() == 2
    assert problems() == []


@pytest.mark.parametrize(
    "facts", [{"payer": "PETERSEN Hanna"}, {"reference": "BREF-77"}, {"payer_iban": "DE02120300000000202051"}]
)
def test_what_was_typed_by_hand_before_is_linked_and_not_doubled(facts: dict[str, str]) -> None:
    known = record(
        **({"booked_on": DAY - dt.timedelta(days=2), "amount_minor": 11_900, "reference": "12/3"} | facts)  # type: ignore[arg-type]
    )
    of = statement()
    one = line(of, 11_900, bank_reference="BREF-77", counterparty_iban="DE02120300000000202051")
    take_in(intake=intake_of(of))
    known.refresh_from_db()
    assert (known.line, Receipt.objects.count(), balance_minor("bank")) == (one, 1, 11_900)
    assert problems() == []


def test_of_two_typed_by_hand_alike_each_line_finds_its_own_by_the_reference() -> None:
    """The same customer pays the same amount twice: the payer fits both, the bank's reference only one."""
    facts = {"booked_on": DAY, "amount_minor": 11_900, "payer": "Hanna Petersen"}
    first, second = (record(**facts, reference=name) for name in ("BREF-1", "BREF-2"))  # type: ignore[arg-type]
    of = statement()
    lines = [line(of, 11_900, bank_reference=name) for name in ("BREF-2", "BREF-1")]
    take_in(intake=intake_of(of))
    for typed in (first, second):
        typed.refresh_from_db()
    assert [second.line, first.line] == lines
    assert (Receipt.objects.count(), balance_minor("bank")) == (2, 23_800)
    assert problems() == []


def test_the_same_amount_of_somebody_else_is_not_linked_and_a_person_may_do_it_and_take_it_back() -> None:
    known = record(booked_on=DAY, amount_minor=11_900, reference="12/3", payer="Otto")
    receipt = told(11_900)
    assert receipt.pk != known.pk
    link(money=receipt, known=known)
    receipt.refresh_from_db()
    assert (receipt.state, known.line is None, balance_minor("bank")) == ("withdrawn", False, 11_900)
    assert problems() == []
    anew = unlink(known=known)
    assert (anew.line is None, balance_minor("bank")) == (False, 23_800)
    assert problems() == []


def test_what_lies_too_far_apart_is_not_the_same_money() -> None:
    record(
        booked_on=DAY - dt.timedelta(days=9), amount_minor=11_900, reference="12/3", payer="Hanna Petersen"
    )
    told(11_900)
    assert Receipt.objects.count() == 2


def test_two_accounts_at_the_bank_are_two_accounts_in_the_books() -> None:
    own = Account.objects.create(number="1210", kind="asset", name_de="Tagesgeld", name_en="Savings")
    of = statement()
    of.account.ledger_account = own
    of.account.save()
    line(of, 7_000)
    take_in(intake=intake_of(of))
    lines = Entry.objects.get(source__startswith="receipt:").lines.select_related("account")
    assert {entry.account.number for entry in lines} == {"1210", "1590"}
    assert balance_minor("bank") == 0


def test_a_line_of_a_closed_month_is_booked_today() -> None:
    closed(DAY.replace(day=1), DAY)
    told(1_000)
    assert Entry.objects.get(source__startswith="receipt:").booked_on > DAY
    assert unexplained_minor() == 1_000


def test_money_that_left_is_recorded_by_hand_once() -> None:
    facts = {"booked_on": DAY, "amount_minor": 500, "reference": "12/4"}
    first = record_disbursement(**facts)  # type: ignore[arg-type]
    with pytest.raises(LeftBefore) as caught:
        record_disbursement(**facts)  # type: ignore[arg-type]
    assert caught.value.disbursement == first
    for wrong in ({"amount_minor": 0}, {"reference": " "}):
        with pytest.raises(ValueError):
            record_disbursement(**(facts | wrong))  # type: ignore[arg-type]
    assert (balance_minor("bank"), balance_minor("unexplained")) == (-500, 500)
    assert problems() == []
