"""State machines as tables, with one writer.

A machine is data: which moves are allowed from which state. ``move()`` is the only code that changes a state; it
updates by compare-and-set, so of two writers one wins and the other learns of it, on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from .transactions import in_transaction

MACHINES: dict[str, Machine] = {}


class StateError(Exception):
    """Base of what can go wrong with a move."""


class MoveNotAllowed(StateError):
    """The table does not have this move; the message names what is allowed."""


class StaleState(StateError):
    """Somebody else moved the thing first; read it again and decide anew."""


class BrokenMachine(StateError):
    """The table itself is wrong: an unknown target or no way from the start."""


@dataclass(frozen=True)
class Machine:
    """A machine: name (``order``), table of moves, start state, and the model field that holds the state."""

    name: str
    initial: str
    moves: Mapping[str, tuple[str, ...]]
    field: str = "state"
    labels: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        known = MACHINES.get(self.name)
        if known is not None and dict(known.moves) != dict(self.moves):
            raise BrokenMachine(f"two machines are named {self.name!r}")
        MACHINES[self.name] = self

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order of the table."""
        return tuple(self.moves)

    @property
    def choices(self) -> list[tuple[str, Any]]:
        """For a model field: (state, label)."""
        return [(state, self.labels.get(state, state.replace("_", " "))) for state in self.moves]

    def require(self, old: str, to: str, what: Any) -> None:
        """MoveNotAllowed when the table has no move from ``old`` to ``to``; ``what`` names the thing in the message."""
        if to not in self.moves.get(old, ()):
            allowed = ", ".join(self.moves.get(old, ())) or "nothing"
            raise MoveNotAllowed(f"{self.name} {what}: {old!r} may move to {allowed}, not to {to!r}")

    def problems(self) -> list[str]:
        """What is wrong with the table, as sentences; empty when sound."""
        found = []
        if self.initial not in self.moves:
            found.append(f"machine {self.name}: the start state {self.initial!r} is not in the table")
        for state, targets in self.moves.items():
            found += [
                f"machine {self.name}: {state!r} moves to unknown {target!r}; add the row or mend the target"
                for target in targets
                if target not in self.moves
            ]
        for state in self.moves:
            if state not in self.reachable():
                found.append(f"machine {self.name}: {state!r} cannot be reached from {self.initial!r}")
        return found

    def reachable(self) -> set[str]:
        """States that can be reached from the start."""
        seen: set[str] = set()
        waiting = [self.initial]
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting += [target for target in self.moves.get(state, ()) if target in self.moves]
        return seen


def machine_of(thing: models.Model, machine: Machine | None = None) -> Machine:
    """The machine to use: the one named, else the model's own ``machine``."""
    found = machine or getattr(thing, "machine", None)
    if found is None:
        raise TypeError(f"{type(thing).__name__} has no machine")
    return found


def allowed_moves(thing: models.Model, machine: Machine | None = None) -> tuple[str, ...]:
    """States the thing may move to now; the dashboard's buttons are made from this."""
    rules = machine_of(thing, machine)
    return rules.moves.get(getattr(thing, rules.field), ())


def move(
    thing: models.Model,
    *,
    to: str,
    by: Any = None,
    why: str = "",
    machine: Machine | None = None,
    **also: Any,
) -> None:
    """Move ``thing`` to state ``to`` by compare-and-set and write the audit row.

    ``by`` is the acting user (None: the system), ``why`` a short reason, ``also`` further field values written by the
    same UPDATE. Raises MoveNotAllowed when the table forbids it and StaleState when another writer was faster.
    """
    from .models import StateChange
    from .outbox import current_correlation_id, thread_on

    rules = machine_of(thing, machine)
    old = getattr(thing, rules.field)
    rules.require(old, to, thing.pk)
    reason = why[: StateChange.WHY_MAX_CHARS]
    thread = thread_on(thing) or current_correlation_id()

    def write() -> bool:
        rows = type(thing)._base_manager.filter(pk=thing.pk, **{rules.field: old})
        if rows.update(**{rules.field: to}, **also) != 1:
            return False
        actor = by if getattr(by, "pk", None) else None
        StateChange.objects.create(
            machine=rules.name,
            thing_id=thing.pk,
            old=old,
            new=to,
            by=actor,
            why=reason,
            correlation_id=thread,
        )
        return True

    if in_transaction():  # no savepoint needed, and a lost race must not spoil the caller's transaction
        written = write()
    else:
        with transaction.atomic():
            written = write()
    if not written:
        raise StaleState(f"{rules.name} {thing.pk} is no longer {old!r}; it was changed by somebody else")
    setattr(thing, rules.field, to)
    for name, value in also.items():
        setattr(thing, name, value)
