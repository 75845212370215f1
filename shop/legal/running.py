"""Running the rules: one finding per rule, in the order of the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from .checks import ON_SPECIMENS
from .database import ON_DATABASE
from .rules import Rule, in_force, read
from .specimens import Collection, collect


@dataclass(frozen=True)
class Finding:
    """What became of one rule. ``looked_at``: how many specimens; 0 with a scope: there was nothing to look at.
    ``lacking``: what the shop has to fill in, which is no fault."""

    rule: Rule
    looked_at: int
    faults: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

    @property
    def unseen(self) -> bool:
        """Whether the rule could not be tried."""
        return bool(self.rule.scope) and not self.looked_at


def run(day: dt.date, rules: Sequence[Rule] | None = None) -> tuple[list[Finding], Collection]:
    """Every rule in force on ``day`` on everything the shop shows, which is rendered where one of them looks at it.

    Raises LookupError for a check nobody knows.
    """
    chosen = in_force(list(read() if rules is None else rules), day)
    for rule in chosen:
        if rule.check not in (ON_SPECIMENS if rule.scope else ON_DATABASE):
            raise LookupError(f"{rule.name}: nobody knows the check {rule.check!r}")
    found = collect() if any(rule.scope for rule in chosen) else Collection()
    return [_finding(rule, day, found) for rule in chosen], found


def _finding(rule: Rule, day: dt.date, found: Collection) -> Finding:
    if not rule.scope:
        found_there = ON_DATABASE[rule.check](rule, day)
        return Finding(rule, 0, lacking=found_there) if rule.to_fill_in else Finding(rule, 0, found_there)
    check, faults = ON_SPECIMENS[rule.check], []
    specimens = found.of(rule.scope)
    for specimen in specimens:
        faults += [f"{specimen.name} ({specimen.language}) {fault}" for fault in check(rule, specimen)]
    return Finding(rule, len(specimens), faults)
