"""Money for missing pieces above the limit: a second person decides, unless the customer has chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from checkout.payment.models import Refund
from fulfilment.warehouse.shortages import actions, approving
from fulfilment.warehouse.shortages.models import REFUND, SEND, SUBSTITUTE, WAIT, ShortagePolicy
from shop.approvals import actions as approvals
from shop.approvals.models import Approval, ApprovalLimit
from shop.customers.models import User
from shop.kernel.invariants import verify
from tests.factories.people import make_staff
from tests.factories.shortages import Missing, in_stock, order_with_missing_pieces

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BACK = 6_666  #: two shoes of 33.33


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def boss() -> User:
    return make_staff("boss@example.org", "payment.approve_refunds", "approvals.view_approvals")


@pytest.fixture
def clerk() -> User:
    return make_staff(
        "clerk@example.org", "dashboard.enter", "shortages.answer_questions", "order.view_orders"
    )


def limit(minor: int) -> None:
    ApprovalLimit.objects.create(kind=approving.KIND, role="", limit_minor=minor)


def overdue(case: Missing, clock: Any) -> None:
    clock.advance(days=30)
    actions.apply_defaults()
    case.refresh()


def test_above_the_limit_the_shops_rule_asks_and_a_person_does_it(
    outbox: Any, clock: Any, boss: User
) -> None:
    limit(BACK - 1)
    case = order_with_missing_pieces(outbox)
    overdue(case, clock)
    assert (case.question.state, case.line.quantity_cancelled) == ("asked", 0)
    assert not Refund.objects.exists()
    approval = Approval.objects.get()
    assert (approval.requested_by, approval.amount_minor, approval.asker) == (None, BACK, "the shop's rule")
    assert actions.apply_defaults() == 0
    assert Approval.objects.count() == 1
    approvals.approve(approval=approval, by=boss)
    outbox.drain()
    case.refresh()
    assert (case.question.state, case.question.answer, case.line.quantity_cancelled) == (
        "defaulted",
        REFUND,
        2,
    )
    assert Refund.objects.get().amount_minor == BACK
    assert [found for found in verify() if found.breaches and found.room in ("payment", "shortages")] == []


def test_up_to_the_limit_the_rule_goes_on_by_itself(outbox: Any, clock: Any) -> None:
    limit(BACK)
    case = order_with_missing_pieces(outbox)
    overdue(case, clock)
    assert case.question.state == "defaulted"
    assert (Refund.objects.get().amount_minor, Approval.objects.count()) == (BACK, 0)


@pytest.mark.parametrize("method", ["invoice"])
def test_what_nobody_has_paid_needs_nobody(outbox: Any, clock: Any, method: str) -> None:
    limit(0)
    case = order_with_missing_pieces(outbox, method=method)
    overdue(case, clock)
    assert (case.question.state, Approval.objects.count()) == ("defaulted", 0)


def test_declined_the_customer_waits_and_can_be_asked_again(outbox: Any, clock: Any, boss: User) -> None:
    limit(0)
    case = order_with_missing_pieces(outbox)
    overdue(case, clock)
    approvals.decline(approval=Approval.objects.get(), by=boss, words="They lie in the store")
    case.refresh()
    assert (case.question.state, case.question.answer) == ("answered", WAIT)
    assert case.question.note == "They lie in the store"
    assert case.pick_list.waits_for_answer
    assert not Refund.objects.exists()
    actions.ask_again(question=case.question, by=boss, why="gone after all")
    overdue(case, clock)
    assert Approval.objects.filter(state="waiting").count() == 1


def test_what_the_customer_chooses_needs_nobody_and_ends_the_request(
    outbox: Any, clock: Any, boss: User
) -> None:
    limit(0)
    case = order_with_missing_pieces(outbox)
    overdue(case, clock)
    actions.answer(question=case.question, choice=REFUND)
    approval = Approval.objects.get()
    assert (approval.state, approval.decided_by) == ("withdrawn", None)
    assert Refund.objects.get().amount_minor == BACK
    with pytest.raises(approvals.Decided):
        approvals.approve(approval=approval, by=boss)


def test_staff_who_answer_for_the_customer_need_a_second_person(outbox: Any, boss: User, clerk: User) -> None:
    limit(BACK - 1)
    case = order_with_missing_pieces(outbox)
    client = Client(headers={"accept-language": "en"})
    client.force_login(clerk)
    url = reverse("warehouse:shortage-answer", args=[case.question.pk])
    page = client.post(url, {"choice": REFUND, "why": "she called", "version": 1}, follow=True)
    assert "needs a second person" in page.content.decode()
    assert "Waits for a second person; asked for by clerk@example.org" in page.content.decode()
    case.refresh()
    assert (case.question.state, Refund.objects.count()) == ("asked", 0)
    approval = Approval.objects.get()
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=approval, by=clerk)
    approvals.approve(approval=approval, by=boss)
    case.refresh()
    assert (case.question.answered_by_whom, case.question.note) == ("staff", "she called")
    assert Refund.objects.get().requested_by == clerk
    order_page = client.get(reverse("dashboard:order", args=[case.order.number])).content.decode()
    assert approval.title in order_page


def test_declined_for_staff_the_question_stays_open(outbox: Any, boss: User, clerk: User) -> None:
    limit(0)
    case = order_with_missing_pieces(outbox)
    actions.answer(question=case.question, choice=REFUND, by=clerk, why="she called")
    approvals.decline(approval=Approval.objects.get(), by=boss, words="She did not")
    assert case.refresh().question.state == "asked"
    actions.answer(question=case.question, choice=SEND, by=clerk, why="she wrote")
    assert case.refresh().question.answer == SEND


def test_only_the_difference_of_a_substitute_counts(outbox: Any, clerk: User) -> None:
    limit(BACK - 6_000)
    case = order_with_missing_pieces(outbox)
    other = in_stock(5, bin="D-01", price_minor=3_000)
    actions.offer_substitute(question=case.question, stockrecord=other, unit_minor=3_000, by=clerk)
    case.refresh()
    actions.answer(question=case.question, choice=SUBSTITUTE, by=clerk, why="she called")
    assert Refund.objects.get().amount_minor == BACK - 6_000
    assert not Approval.objects.exists()


def test_when_nothing_else_is_left_the_shipping_charge_counts_too(outbox: Any, clock: Any) -> None:
    limit(3 * 3_333)
    case = order_with_missing_pieces(outbox, missing=3, boots=0)
    overdue(case, clock)
    approval = Approval.objects.get()
    assert approval.amount_minor == case.order.total_minor > 3 * 3_333


def test_a_question_that_changed_is_asked_for_anew(outbox: Any, clock: Any, boss: User) -> None:
    limit(0)
    case = order_with_missing_pieces(outbox)
    overdue(case, clock)
    actions.extend(question=case.question, hours=48, by=boss)
    first = Approval.objects.get()
    assert first.state == "withdrawn"
    overdue(case, clock)
    assert Approval.objects.get(state="waiting").pk != first.pk


def test_more_than_was_approved_is_refused_in_words(outbox: Any, clock: Any, boss: User) -> None:
    limit(0)
    case = order_with_missing_pieces(outbox)
    overdue(case, clock)
    Approval.objects.update(amount_minor=BACK - 1)
    with pytest.raises(approvals.CannotRun, match="More would go back now"):
        approvals.approve(approval=Approval.objects.get(), by=boss)
    assert (case.refresh().question.state, Approval.objects.get().state) == ("asked", "waiting")


def test_a_shop_that_does_not_ask_its_customers_still_asks_a_second_person(outbox: Any, boss: User) -> None:
    limit(0)
    ShortagePolicy.objects.update_or_create(
        pk=1, defaults={"asks": False, "hours": 48, "default_answer": REFUND}
    )
    case = order_with_missing_pieces(outbox)
    assert (case.question.state, Refund.objects.count()) == ("asked", 0)
    approvals.approve(approval=Approval.objects.get(), by=boss)
    assert case.refresh().question.state == "defaulted"
