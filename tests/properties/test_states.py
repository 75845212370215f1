"""Every machine of the house, walked: nothing leads nowhere, and a table with a fault is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel.states import MACHINES, BrokenMachine, Machine

machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.name)


def test_there_are_machines_to_walk() -> None:
    assert {"order", "payment"} <= set(MACHINES)


@machines
def test_the_table_is_sound(machine: Machine) -> None:
    assert machine.problems() == []


@machines
def test_no_state_moves_to_itself(machine: Machine) -> None:
    assert [state for state, targets in machine.moves.items() if state in targets] == []


@pytest.mark.parametrize(
    "machine",
    [machine for machine in MACHINES.values() if not all(machine.moves.values())],
    ids=lambda machine: machine.name,
)
def test_from_everywhere_an_end_can_be_reached(machine: Machine) -> None:
    ends = {state for state, targets in machine.moves.items() if not targets}
    for state in machine.states:
        seen, waiting = set(), [state]
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting += machine.moves[here]
        assert seen & ends, (
            f"{machine.name}: from {state!r} there is no end; add a move to one of {sorted(ends)}"
        )


@given(st.data())
def test_a_random_walk_stays_in_the_table(data: st.DataObject) -> None:
    machine = data.draw(st.sampled_from(sorted(MACHINES.values(), key=lambda one: one.name)))
    state = machine.initial
    for _ in range(30):
        targets = machine.moves[state]
        if not targets:
            break
        state = data.draw(st.sampled_from(targets))
        assert state in machine.states


@pytest.fixture
def no_trace() -> object:
    """Machines made by a test do not stay registered."""
    known = dict(MACHINES)
    yield
    MACHINES.clear()
    MACHINES.update(known)


def test_faults_of_a_table_are_named(no_trace: object) -> None:
    broken = Machine("faulty", initial="a", moves={"a": ("b", "x"), "b": (), "lost": ("a",)})
    text = " ".join(broken.problems())
    assert "unknown 'x'" in text
    assert "'lost' cannot be reached" in text
    assert Machine("headless", initial="z", moves={"a": ()}).problems()


def test_two_machines_of_one_name_are_refused(no_trace: object) -> None:
    Machine("twice", initial="a", moves={"a": ()})
    with pytest.raises(BrokenMachine):
        Machine("twice", initial="a", moves={"a": ("b",), "b": ()})
