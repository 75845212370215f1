"""Transfers that come back from the bank, whole or less charges, are refused, or are taken back by ourselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from checkout.payment.models import Refund
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import SentAnew, open_again, undo
from fulfilment.finance.reconciliation.deciding import decide
from fulfilment.finance.reconciliation.matching.items import CAME_BACK
from fulfilment.finance.reconciliation.matching.run import match_open, match_these
from fulfilment.finance.reconciliation.models import Assignment
from fulfilment.finance.reconciliation.queries import unexplained_minor
from fulfilment.finance.reconciliation.transfers import note_refund_sent
from fulfilment.finance.sepa import actions
from fulfilment.finance.sepa.waiting import waiting
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.reconciliation.bank_lines import DAY, told
from tests.fulfilment.finance.sepa.files import breaches, texts, valid
from tests.support.helpers import Clock, Outbox

from .money import file_of, payback_of, prepaid, refund_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _soon_after(clock: Clock) -> None:
    """Money is looked for that left within so many days of today, and the bank's lines here have a fixed day."""
    clock.on(DAY)


@pytest.mark.both_databases
@override("en")
def test_a_transfer_that_comes_back_waits_again_and_not_for_the_same_account(
    outbox: Outbox, accountant: Any, clock: Any
) -> None:
    order = prepaid()
    refund = refund_of(order)
    outbox.drain()
    batch = file_of(refund)
    actions.hand_over(batch=batch, by=None)
    ours = f"REFUND-{refund.pk:06d}"
    told(-11_900, "x", end_to_end_id=ours)
    match_open()
    outbox.drain()
    back = told(11_900, "RETURN", end_to_end_id=ours, return_reason="AC04", is_reversal=True)
    [[first, *_]] = match_these([back]).values()
    assert (first.kind, first.confidence) == (CAME_BACK, 100)
    assert match_open().booked == 1
    outbox.drain()
    assert outbox.failures() == []
    refund.refresh_from_db()
    assert (refund.state, refund.by_transfer, bool(refund.came_back_at)) == ("requested", True, True)
    assert (balance_minor("receivable"), balance_minor("money_transit"), unexplained_minor()) == (
        -11_900,
        0,
        0,
    )
    transfer = batch.transfers.get()
    assert (transfer.is_live, transfer.end, transfer.end_why) == (False, "returned", "AC04")
    assert "AC04" in waiting()[0].problem
    assert breaches() == []

    clock.advance(minutes=1)
    actions.give_account(
        thing=refund, name="Hanna", iban="DE75512108001245126199", source="phone", by=accountant
    )
    again = file_of(Refund.objects.get())
    actions.hand_over(batch=again, by=None)
    outbox.drain()
    assert texts(valid(again), "EndToEndId") == [f"{ours}-1"]
    told(-11_900, "x", end_to_end_id=f"{ours}-1")
    match_open()
    outbox.drain()
    again.refresh_from_db()
    assert (again.state, balance_minor("receivable"), balance_minor("money_transit")) == ("booked", 0, 0)
    with pytest.raises(SentAnew):
        undo(assignment=Assignment.objects.get(kind=Assignment.CAME_BACK), why="no")
    assert breaches() == []


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("facts", "sure"),
    [
        ({"return_reason": "AC04", "is_reversal": True, "charges_minor": 500}, 93),
        ({"return_reason": "AC04", "is_reversal": True}, 90),
        ({}, 80),
    ],
)
def test_a_transfer_that_comes_back_less_charges_is_proposed_and_all_of_it_waits_again(
    facts: dict[str, Any], sure: int, outbox: Outbox
) -> None:
    refund = refund_of(prepaid())
    outbox.drain()
    batch = file_of(refund)
    actions.hand_over(batch=batch, by=None)
    ours = f"REFUND-{refund.pk:06d}"
    told(-11_900, "x", end_to_end_id=ours)
    match_open()
    outbox.drain()
    back = told(11_400, "RETURN", end_to_end_id=ours, **facts)
    [[first, *_]] = match_these([back]).values()
    assert (first.kind, first.confidence, first.parts[0].charges_minor) == (CAME_BACK, sure, 500)
    assert match_open().booked == 0, "somebody looks at what the banks kept"
    [made] = decide(money=back, proposal=first, seen_left_minor=11_400)
    outbox.drain()
    assert outbox.failures() == []
    refund.refresh_from_db()
    assert (refund.state, refund.by_transfer, made.charges_minor) == ("requested", True, 500)
    assert (balance_minor("receivable"), balance_minor("money_transit"), unexplained_minor()) == (
        -11_900,
        0,
        0,
    )
    assert balance_minor("bank_charges") == 500
    assert breaches() == []
    undo(assignment=made, why="it was something else")
    outbox.drain()
    assert (balance_minor("bank_charges"), balance_minor("money_transit"), unexplained_minor()) == (
        0,
        0,
        11_400,
    )
    assert breaches() == []


@pytest.mark.parametrize(
    ("amount", "name"), [(9_800, "ours"), (11_400, "nobody's"), (11_901, "ours"), (1, "ours")]
)
def test_too_little_too_much_or_without_our_id_is_no_transfer_that_came_back(
    amount: int, name: str, outbox: Outbox
) -> None:
    refund = refund_of(prepaid())
    outbox.drain()
    actions.hand_over(batch=file_of(refund), by=None)
    ours = f"REFUND-{refund.pk:06d}"
    told(-11_900, "x", end_to_end_id=ours)
    match_open()
    outbox.drain()
    back = told(amount, "RETURN", end_to_end_id=ours if name == "ours" else "X", is_reversal=True)
    [found] = match_these([back]).values()
    assert CAME_BACK not in {one.kind for one in found}


def test_that_a_transfer_came_back_can_be_taken_back(outbox: Outbox) -> None:
    refund = refund_of(prepaid())
    payback = payback_of(5_000)
    outbox.drain()
    batch = file_of(refund, payback)
    actions.hand_over(batch=batch, by=None)
    for thing, amount in ((f"REFUND-{refund.pk:06d}", 11_900), (f"PAYBACK-{payback.pk:06d}", 5_000)):
        told(-amount, "x", end_to_end_id=thing)
    match_open()
    outbox.drain()
    for thing, amount in ((f"REFUND-{refund.pk:06d}", 11_900), (f"PAYBACK-{payback.pk:06d}", 5_000)):
        told(amount, "x", end_to_end_id=thing, return_reason="AC01", is_reversal=True)
    assert match_open().booked == 2
    outbox.drain()
    assert sorted(row.kind for row in waiting()) == ["payback", "refund"]
    gone = Assignment.objects.filter(kind=Assignment.REFUND).first()
    with pytest.raises(ValueError):
        undo(assignment=gone, why="the return stands on it")
    for one in Assignment.objects.filter(kind=Assignment.CAME_BACK):
        undo(assignment=one, why="it was something else")
    outbox.drain()
    assert outbox.failures() == []
    assert waiting() == []
    assert (unexplained_minor(), balance_minor("money_transit"), balance_minor("receivable")) == (
        16_900,
        0,
        0,
    )
    assert set(batch.transfers.values_list("is_live", "end")) == {(True, "")}
    assert breaches() == []


@pytest.mark.both_databases
def test_the_bank_refuses_one_or_all(outbox: Outbox) -> None:
    first, second = refund_of(prepaid()), payback_of(5_000)
    outbox.drain()
    batch = file_of(first, second)
    actions.hand_over(batch=batch, by=None)
    outbox.drain()
    refused = batch.transfers.get(refund=first)
    actions.refuse(transfer=refused, why="AC06 blocked", by=None)
    outbox.drain()
    assert [row.target for row in waiting()] == [f"refund:{first.pk}"]
    assert "AC06" in waiting()[0].problem
    assert balance_minor("receivable") == -11_900
    with pytest.raises(actions.Refused):
        actions.refuse(transfer=refused, why="again", by=None)
    told(-5_000, "x", end_to_end_id=f"PAYBACK-{second.pk:06d}")
    match_open()
    outbox.drain()
    batch.refresh_from_db()
    assert batch.state == "booked"

    whole = file_of(refund_of(prepaid(3_000)), payback_of(4_000))
    actions.hand_over(batch=whole, by=None)
    outbox.drain()
    actions.cancel(batch=whole, why="the bank refused the file", by=None)
    outbox.drain()
    assert outbox.failures() == []
    assert len(waiting()) == 3
    assert breaches() == []


def test_a_refund_not_in_the_books_yet_is_not_taken_back_too_early(outbox: Outbox) -> None:
    batch = file_of(refund_of(prepaid()))
    actions.hand_over(batch=batch, by=None)
    with pytest.raises(actions.Refused):
        actions.cancel(batch=batch, why="refused", by=None)
    batch.refresh_from_db()
    assert (batch.state, Refund.objects.get().state) == ("handed", "succeeded")


def test_what_a_line_has_told_is_not_freed_before_the_event_is_heard(outbox: Outbox) -> None:
    """The line is matched, and the room has not heard of it: calling off would pay the customer twice."""
    refund = refund_of(prepaid())
    outbox.drain()
    batch = file_of(refund)
    actions.hand_over(batch=batch, by=None)
    outbox.drain()
    told(-11_900, "x", end_to_end_id=f"REFUND-{refund.pk:06d}")
    assert match_open().booked == 1
    with pytest.raises(actions.Refused):
        actions.cancel(batch=batch, why="refused", by=None)
    with pytest.raises(actions.Refused):
        actions.refuse(transfer=batch.transfers.get(), why="refused", by=None)
    assert Refund.objects.get().state == "succeeded"
    outbox.drain()
    batch.refresh_from_db()
    assert batch.state == "booked"


def test_a_refund_that_only_a_line_told_waits_again_when_that_is_undone(outbox: Outbox) -> None:
    order = prepaid()
    refund_of(order)
    outbox.drain()
    line = told(-11_900, f"Erstattung {order.number}")
    assert match_open().booked == 1
    outbox.drain()
    undo(assignment=line.assignments.get(), why="another order's")
    outbox.drain()
    assert outbox.failures() == []
    assert [row.problem for row in waiting()] == [""]
    assert (balance_minor("money_transit"), balance_minor("receivable")) == (0, -11_900)
    assert breaches() == []


def test_the_right_refund_is_reversed_where_two_were_noted_under_one_reference(outbox: Outbox) -> None:
    """Red before: what staff typed as reference was taken for the refund's name."""
    first, second = refund_of(prepaid(1_000)), refund_of(prepaid(2_000))
    for one in (first, second):
        note_refund_sent(refund=Refund.objects.get(pk=one.pk), reference="SEPA 1")
    outbox.drain()
    open_again(refund=Refund.objects.get(pk=second.pk), payback=None, why="came back")
    outbox.drain()
    assert outbox.failures() == []
    assert (balance_minor("money_transit"), balance_minor("receivable")) == (-1_000, -2_000)
    assert problems() == []
