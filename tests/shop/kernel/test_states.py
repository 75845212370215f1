"""Moves: by compare-and-set, with an audit row, refused where the table says so."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from shop.kernel import states
from shop.kernel.models import AppendOnlyError, Delivery, InboxMessage, StateChange
from shop.kernel.states import Machine, MoveNotAllowed, StaleState, allowed_moves, move

pytestmark = pytest.mark.both_databases

#: A table for a kernel row, so that these tests need no room above the kernel.
DOOR = Machine(
    "test door", initial="pending", moves={"pending": ("done", "dead"), "done": ("dead",), "dead": ()}
)
states.MACHINES.pop(DOOR.name)  # not one of the house's: other tests walk only those


def door() -> InboxMessage:
    """A fresh row in the start state."""
    return InboxMessage.objects.create(
        source="door", external_id=str(InboxMessage.objects.count()), body="{}"
    )


def test_a_move_changes_the_state_and_writes_who_when_and_why(db: None, django_user_model: type) -> None:
    user = django_user_model.objects.create(email="eva@example.com")
    thing = door()
    move(thing, to="done", by=user, why="knocked", machine=DOOR, last_error="none")
    thing.refresh_from_db()
    assert (thing.state, thing.last_error) == ("done", "none")
    change = StateChange.objects.get(machine=DOOR.name, thing_id=thing.pk)
    assert (change.old, change.new, change.by, change.why) == ("pending", "done", user, "knocked")


def test_a_move_that_the_table_lacks_names_what_is_allowed(db: None) -> None:
    thing = door()
    move(thing, to="done", machine=DOOR)
    with pytest.raises(MoveNotAllowed, match="may move to dead, not to 'pending'"):
        move(thing, to="pending", machine=DOOR)
    assert allowed_moves(thing, DOOR) == ("dead",)
    move(thing, to="dead", machine=DOOR)
    assert allowed_moves(thing, DOOR) == ()


def test_who_read_an_old_state_loses_and_learns_of_it(db: None) -> None:
    mine = door()
    theirs = InboxMessage.objects.get(pk=mine.pk)
    move(theirs, to="done", machine=DOOR)
    with pytest.raises(StaleState):
        move(mine, to="dead", machine=DOOR)
    mine.refresh_from_db()
    assert mine.state == "done"
    assert StateChange.objects.filter(machine=DOOR.name, thing_id=mine.pk).count() == 1


def test_a_rolled_back_move_leaves_no_audit_row(db: None) -> None:
    thing = door()
    with pytest.raises(RuntimeError), transaction.atomic():
        move(thing, to="done", machine=DOOR)
        raise RuntimeError
    assert not StateChange.objects.filter(thing_id=thing.pk, machine=DOOR.name).exists()
    assert InboxMessage.objects.get(pk=thing.pk).state == "pending"


def test_a_thing_without_a_machine_is_refused(db: None) -> None:
    with pytest.raises(TypeError, match="has no machine"):
        move(Delivery(), to="done")


def test_history_is_not_deleted_by_hand(db: None) -> None:
    thing = door()
    move(thing, to="done", machine=DOOR)
    with pytest.raises(AppendOnlyError):
        StateChange.objects.get(thing_id=thing.pk, machine=DOOR.name).delete()


def test_of_eight_writers_at_once_one_wins(fresh_database: None) -> None:
    thing = door()
    barrier, outcomes = threading.Barrier(8), []

    def one() -> None:
        mine = InboxMessage.objects.get(pk=thing.pk)
        barrier.wait()
        try:
            move(mine, to="done", machine=DOOR)
            outcomes.append("won")
        except StaleState:
            outcomes.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["stale"] * 7 + ["won"]
    assert StateChange.objects.filter(machine=DOOR.name, thing_id=thing.pk).count() == 1
