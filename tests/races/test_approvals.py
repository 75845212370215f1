"""Two people who decide the same request in the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shop.approvals import actions, kinds
from shop.approvals.kinds import Kind, Outcome
from shop.approvals.models import Approval
from shop.customers.models import User
from tests.factories.people import make_staff
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]

RUN: list[int] = []


def _run(approval: Approval, by: Any) -> Outcome:
    RUN.append(by.pk)
    User.objects.filter(pk=approval.requested_by_id).update(first_name="paid")
    return Outcome("paid")


@pytest.fixture(autouse=True)
def _kind() -> Iterator[None]:
    kinds.register(Kind("race", "A race", "approvals.view_approvals", 0, _run))
    yield
    kinds._KINDS.pop("race")


def test_two_who_decide_at_once_do_it_once() -> None:
    asker, *deciders = (
        make_staff(f"{name}@example.org", "approvals.view_approvals") for name in ("mia", "ole", "kai")
    )
    approval, _new = actions.ask(
        kind_name="race",
        key="fact",
        title="Pay",
        amount_minor=1,
        facts={},
        consequences=[],
        reason="late",
        by=asker,
    )

    def decide(person: User) -> str:
        try:
            return actions.approve(approval=Approval.objects.get(pk=approval.pk), by=person).text
        except actions.Decided:
            return "decided"

    RUN.clear()
    answers = all_at_once([lambda p=person: decide(p) for person in deciders])
    assert sorted(answers) == ["decided", "paid"]
    assert Approval.objects.get().state == "approved"


def test_two_who_ask_for_the_same_at_once_ask_once() -> None:
    asker = make_staff("mia@example.org")

    def ask() -> int:
        return actions.ask(
            kind_name="race",
            key="fact",
            title="Pay",
            amount_minor=1,
            facts={},
            consequences=[],
            reason="late",
            by=asker,
        )[0].pk

    answers = all_at_once([ask, ask, ask])
    assert len(set(answers)) == 1
    assert Approval.objects.count() == 1
