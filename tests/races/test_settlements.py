"""Two clerks at one return, at two returns of one order, or at one case: one wins, the other gets words."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Sum

from checkout.basket.offers import apply_offers
from checkout.order.actions import place
from checkout.payment.models import Refund
from fulfilment.customer_service.cases import actions as cases
from fulfilment.customer_service.cases.models import Case, Message
from fulfilment.customer_service.returns import actions, verify
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.approvals import actions as approvals
from shop.approvals.models import Approval, ApprovalLimit
from shop.kernel.states import StateError
from tests.factories.offers import make_voucher
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import book, dock_bins
from tests.factories.shopping import make_basket, make_placement
from tests.factories.shortages import in_stock, pay
from tests.factories.warehouse import send_everything
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]
CLERKS = 4


@pytest.fixture
def order(outbox: Any) -> Any:
    """Three pieces for 100.00 together, paid by card and sent."""
    make_country()
    ensure_vat()
    dock_bins()
    ApprovalLimit.objects.update_or_create(kind="refund", role="", defaults={"limit_minor": 10**9})
    for number in range(CLERKS):
        make_staff(f"clerk{number}@example.org")
    basket = make_basket((in_stock(9, bin="A-00", price_minor=3_334), 3))
    basket.vouchers.add(make_voucher("TWO", minor=2))
    apply_offers(basket, AnonymousUser())
    order = place(make_placement(basket, method="card"))
    pay(order)
    outbox.drain()
    for pick_list in PickList.objects.filter(order=order):
        send_everything(pick_list, by=make_staff())
    outbox.drain()
    return order


def waiting(order: Any, outbox: Any, pieces: int, cause: str) -> Settlement:
    """A return that waits for a person."""
    line, person = order.lines.get(), make_staff()
    returning = dock.announce(order_id=order.pk, lines={line.pk: pieces}, cause=cause)
    assert returning is not None
    book(returning, line.partner_sku, pieces, "a", "shelf", "A-00", by=person)
    dock.finish(returning=Return.objects.get(pk=returning.pk), by=person)
    outbox.drain()
    assert outbox.failures() == []
    return Settlement.objects.get(returning=returning)


def settle(pk: int, number: int, seen: tuple[int, int], with_shipping: bool = True) -> str:
    """One clerk carries it out, as the page showed it."""
    try:
        outcome = actions.carry_out(
            settlement=Settlement.objects.get(pk=pk), kept={}, kept_why="", with_shipping=with_shipping,
            seen_minor=seen, by=make_staff(f"clerk{number}@example.org"),
        )  # fmt: skip
    except (actions.NotSo, StateError) as error:
        return type(error).__name__
    return "done" if outcome.settlement else "asked"


def sums() -> tuple[int, int]:
    """Credited and sent back."""
    notes = Invoice.objects.filter(kind=CREDIT_NOTE).aggregate(n=Sum("gross_minor"))["n"] or 0
    return int(notes), int(Refund.objects.aggregate(n=Sum("amount_minor"))["n"] or 0)


def test_clerks_who_settle_one_return_at_once_do_it_once(order: Any, outbox: Any) -> None:
    found = waiting(order, outbox, 2, "case:C1")
    plan = actions.plan_of(found, with_shipping=True)
    seen = (plan.credit_minor, plan.refund_minor)
    answers = all_at_once([lambda n=n: settle(found.pk, n, seen) for n in range(CLERKS)])
    assert sorted(answers) == ["StaleState"] * (CLERKS - 1) + ["done"]
    assert sums() == seen == (6_667 + 490,) * 2


def two_returns(order: Any, outbox: Any) -> list[Any]:
    """Two clerks at two returns of one order, a third of 100.00 each: both pages show 33.33, but the second piece that
    is credited is worth a cent more."""
    found = [waiting(order, outbox, 1, f"case:C{n}") for n in (1, 2)]
    assert {actions.plan_of(one).credit_minor for one in found} == {3_333}
    return all_at_once(
        [lambda n=n, one=one: settle(one.pk, n, (3_333, 3_333), False) for n, one in enumerate(found)]
    )


def breaches() -> list[str]:
    return [breach for _name, check in verify.CHECKS for breach in check()]


def test_two_returns_of_one_order_at_once_are_reckoned_one_after_the_other(order: Any, outbox: Any) -> None:
    assert sorted(two_returns(order, outbox)) == ["NotSo", "done"]
    assert sums() == (3_333, 3_333) and breaches() == []


def limited() -> None:
    """More than ten euros need a second person."""
    ApprovalLimit.objects.filter(kind="refund").update(limit_minor=1_000)


def decide(pk: int, number: int) -> str:
    """One of those who may decides for it."""
    boss = make_staff(f"boss{number}@example.org", "payment.approve_refunds")
    try:
        approvals.approve(approval=Approval.objects.get(pk=pk), by=boss)
    except (approvals.Decided, approvals.CannotRun) as error:
        return type(error).__name__
    return "done"


def drop(pk: int) -> str:
    """A clerk says that nothing is due."""
    try:
        actions.nothing_due(settlement=Settlement.objects.get(pk=pk), why="neues Paar", by=make_staff())
    except StateError:
        return "too late"
    return "nothing due"


def test_clerks_who_ask_for_approval_at_once_ask_once_and_of_those_who_decide_one_does(
    order: Any, outbox: Any
) -> None:
    limited()
    found = waiting(order, outbox, 2, "case:C1")
    plan = actions.plan_of(found, with_shipping=True)
    seen = (plan.credit_minor, plan.refund_minor)
    for number in range(CLERKS):
        make_staff(f"boss{number}@example.org", "payment.approve_refunds")
    assert all_at_once([lambda n=n: settle(found.pk, n, seen) for n in range(CLERKS)]) == ["asked"] * CLERKS
    request = Approval.objects.get()
    assert sums() == (0, 0)
    answers = all_at_once([lambda n=n: decide(request.pk, n) for n in range(CLERKS)])
    assert sorted(answers) == ["Decided"] * (CLERKS - 1) + ["done"]
    assert sums() == seen and breaches() == []


def test_approved_and_decided_otherwise_at_once_one_of_them_holds(order: Any, outbox: Any) -> None:
    limited()
    found = waiting(order, outbox, 2, "case:C1")
    plan = actions.plan_of(found, with_shipping=True)
    seen = (plan.credit_minor, plan.refund_minor)
    make_staff("boss0@example.org", "payment.approve_refunds")
    make_staff()
    assert settle(found.pk, 0, seen) == "asked"
    request = Approval.objects.get()
    answers = all_at_once([lambda: decide(request.pk, 0), lambda: drop(found.pk)])
    request.refresh_from_db()
    found.refresh_from_db()
    done = (answers[0], request.state, found.state, sums())
    assert done in (
        ("done", "approved", "done", seen),
        ("Decided", "withdrawn", "nothing_due", (0, 0)),
        ("CannotRun", "withdrawn", "nothing_due", (0, 0)),
    )
    assert answers[1] == ("too late" if done[0] == "done" else "nothing due") and breaches() == []


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one writer in at a time anyway")
def test_without_the_account_held_a_settlement_says_what_its_credit_note_does_not(
    order: Any, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the guard is for: both reckon before the first one's credit note is there."""
    meet, plan_of = threading.Barrier(2, timeout=10), actions.plan_of

    def both_have_reckoned(*args: Any, **options: Any) -> Any:
        planned = plan_of(*args, **options)
        if threading.current_thread() is not threading.main_thread():
            meet.wait()
        return planned

    monkeypatch.setattr(actions, "plan_of", both_have_reckoned)
    monkeypatch.setattr(actions, "accounts", SimpleNamespace(locked=lambda _order: None))
    assert two_returns(order, outbox) == ["done", "done"]
    assert breaches() != []


def a_case() -> Case:
    return cases.open_case(
        key="one", reason="faulty", name="Erika", email="erika@example.org", language="de", body="Sohle lose"
    )


def test_of_clerks_who_answer_one_case_at_once_one_answers(order: Any) -> None:
    case = a_case()

    def answer(number: int) -> str:
        try:
            cases.answer(
                case=Case.objects.get(pk=case.pk), body=f"Antwort {number}", key=f"k{number}",
                seen=case.last_message_id, by=make_staff(f"clerk{number}@example.org"),
            )  # fmt: skip
        except cases.SomebodyWrote as words:
            assert str(words)
            return "somebody wrote"
        return "answered"

    answers = all_at_once([lambda n=n: answer(n) for n in range(CLERKS)])
    assert sorted(answers) == ["answered", *["somebody wrote"] * (CLERKS - 1)]
    assert Message.objects.filter(case=case, side=Message.STAFF).count() == 1


def test_of_clerks_who_take_one_case_at_once_one_has_it(order: Any) -> None:
    case = a_case()

    def take(number: int) -> str:
        person = make_staff(f"clerk{number}@example.org")
        try:
            cases.assign(case=Case.objects.get(pk=case.pk), to=person, by=person, seen_assignee=None)
        except StateError:
            return "too late"
        return person.email

    answers = all_at_once([lambda n=n: take(n) for n in range(CLERKS)])
    (winner,) = [answer for answer in answers if answer != "too late"]
    assert Case.objects.get(pk=case.pk).assignee.email == winner  # type: ignore[union-attr]
