"""Two people: who asks does not decide; what is decided happens in the same moment, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import override

from shop.approvals import actions, kinds
from shop.approvals.kinds import CannotRun, Kind, Outcome
from shop.approvals.models import Approval, ApprovalLimit
from shop.approvals.verify import nobody_decided_their_own
from shop.customers.models import User
from shop.kernel.models import StateChange
from tests.factories.people import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

RUN: list[int] = []


def _run(approval: Approval, by: Any) -> Outcome:
    if approval.facts.get("broken"):
        Group.objects.create(name="left behind")
        raise CannotRun("The invoice was cancelled meanwhile.")
    RUN.append(approval.pk)
    return Outcome(f"paid {approval.facts['what']}", "/dashboard/")


@pytest.fixture(autouse=True)
def _kind() -> Iterator[None]:
    RUN.clear()
    kinds.register(
        Kind("test", "A test", "approvals.view_approvals", 5_000, _run, (("goodwill", "Goodwill"),))
    )
    with override("en"):
        yield
    kinds._KINDS.pop("test")


def ask(by: User, key: str = "fact:1", **facts: Any) -> Approval:
    return actions.ask(
        kind_name="test", key=key, title="Pay it", amount_minor=9_000, facts={"what": "it", **facts},
        consequences=["90.00 leave the bank."], reason="too late", reason_code="goodwill", by=by,
    )[0]  # fmt: skip


@pytest.fixture
def mia() -> User:
    return make_staff("mia@example.org", "approvals.view_approvals")


@pytest.fixture
def ole() -> User:
    return make_staff("ole@example.org", "approvals.view_approvals")


def test_who_asked_does_not_decide_and_another_does_it_at_once(mia: User, ole: User) -> None:
    approval = ask(mia)
    with pytest.raises(actions.NotYours, match="somebody else"):
        actions.approve(approval=approval, by=mia)
    with pytest.raises(actions.NotYours):
        actions.decline(approval=approval, by=mia, words="no")
    assert RUN == []
    outcome = actions.approve(approval=approval, by=ole, words="fine")
    assert (outcome.text, RUN) == ("paid it", [approval.pk])
    approval.refresh_from_db()
    assert (approval.state, approval.decided_by, approval.result) == ("approved", ole, "paid it")
    moved = StateChange.objects.get(machine="approval", thing_id=approval.pk)
    assert (moved.new, moved.by) == ("approved", ole)


def test_the_database_itself_refuses_one_person(mia: User) -> None:
    approval = ask(mia)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(state="approved", decided_by=mia)
    assert nobody_decided_their_own() == []


def test_verify_finds_one_person_where_the_database_was_told_to_look_away(mia: User) -> None:
    approval = ask(mia)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else the table waits for the checks of the row
            cursor.execute("ALTER TABLE approvals_approval DROP CONSTRAINT approvals_two_people")
        Approval.objects.filter(pk=approval.pk).update(state="approved", decided_by=mia)
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
    assert nobody_decided_their_own() == [f"{Approval.objects.get()} was decided by who asked for it"]


def test_a_role_that_may_not_decide(mia: User) -> None:
    with pytest.raises(actions.NotYours, match="role"):
        actions.approve(approval=ask(mia), by=make_staff("kai@example.org"))


def test_what_cannot_be_done_any_more_stays_open_and_leaves_nothing_behind(mia: User, ole: User) -> None:
    approval = ask(mia, broken=True)
    with pytest.raises(CannotRun, match="cancelled"):
        actions.approve(approval=approval, by=ole)
    assert approval.state == "waiting"
    assert not Group.objects.filter(name="left behind").exists()
    assert not StateChange.objects.filter(machine="approval").exists()


def test_declined_with_words_withdrawn_by_who_asked(mia: User, ole: User) -> None:
    approval = ask(mia)
    with pytest.raises(ValueError, match="why"):
        actions.decline(approval=approval, by=ole, words=" ")
    actions.decline(approval=approval, by=ole, words="twice the same")
    with pytest.raises(actions.Decided, match="declined"):
        actions.approve(approval=approval, by=ole)
    again = ask(mia)
    assert again.pk != approval.pk
    with pytest.raises(actions.NotYours):
        actions.withdraw(approval=again, by=ole)
    actions.withdraw(approval=again, by=mia)
    assert again.state == "withdrawn"
    assert RUN == []


def test_the_same_fact_waits_once(mia: User, ole: User) -> None:
    first = ask(mia)
    same, new = actions.ask(
        kind_name="test",
        key="fact:1",
        title="x",
        amount_minor=1,
        facts={},
        consequences=[],
        reason="y",
        by=ole,
    )
    assert (same, new) == (first, False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.create(
            kind="test",
            key="fact:1",
            title="x",
            amount_minor=1,
            reason="y",
            requested_by=mia,
            due_at=timezone.now(),
        )


def test_limits_by_role(mia: User) -> None:
    def needed(amount: int, by: Any = mia) -> bool:
        return actions.needed(kind_name="test", amount_minor=amount, by=by)

    assert (needed(5_000), needed(5_001), needed(10**9, None)) == (False, True, False)
    ApprovalLimit.objects.create(kind="test", role="", limit_minor=1_000)
    assert needed(1_001)
    ApprovalLimit.objects.create(kind="test", role="service", limit_minor=20_000)
    mia.groups.add(Group.objects.get_or_create(name="service")[0])
    assert (needed(20_000), needed(20_001)) == (False, True)


@pytest.mark.parametrize("reason", ["", "  "])
def test_no_reason_no_request(mia: User, reason: str) -> None:
    with pytest.raises(ValueError, match="why"):
        actions.ask(
            kind_name="test",
            key="k",
            title="x",
            amount_minor=1,
            facts={},
            consequences=[],
            reason=reason,
            by=mia,
        )
    with pytest.raises(ValueError, match="no reason"):
        actions.ask(
            kind_name="test", key="k", title="x", amount_minor=1, facts={}, consequences=[], reason="y", by=mia,
            reason_code="nonsense",
        )  # fmt: skip
