"""Which of several equal bookings a line is: told again by another file, or one more of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fulfilment.finance.bank.models import BankAccount, StatementLine
from fulfilment.finance.bank.parsers import ParsedLine
from fulfilment.finance.bank.parsers.identity import plain, telling_reference


class Told(Protocol):
    """A line of a file with the account it is on and what it is known by."""

    @property
    def account(self) -> BankAccount:
        """The account it is on."""

    @property
    def line(self) -> ParsedLine:
        """What the file says."""

    @property
    def fingerprint(self) -> str:
        """What it is known by."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A line that is there: which of its kind, by which reference of the bank, told by which kind of file."""

    occurrence: int
    reference: str
    kind: str


Key = tuple[int, str]  #: account and fingerprint


class Places:
    """The occurrences of one file's lines, given out chunk by chunk in the order of the file.

    A line is the one that is known by its reference; else the first of its kind that the file has not told yet. Of two
    files of one kind a bank writes the same reference for the same booking: another one is another booking. Between
    kinds (a note of credit and a statement) references may differ, and say nothing.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._taken: dict[Key, tuple[int, ...]] = {}

    def of(self, rows: Sequence[Told]) -> list[int]:
        """The occurrence of each of the next lines. Inside the transaction that writes them, with their accounts held;
        ``keep`` it when that has succeeded. One query."""
        known = _known(rows)
        by_key: dict[Key, list[int]] = {}
        for at, row in enumerate(rows):
            by_key.setdefault(_key(row), []).append(at)
        found = [0] * len(rows)
        for key, ats in by_key.items():
            references = [_reference(rows[at].line) for at in ats]
            places = self._placed(references, known.get(key, []), set(self._taken.get(key, ())))
            for at, place in zip(ats, places, strict=True):
                found[at] = place
        return found

    def keep(self, rows: Iterable[Told], occurrences: Iterable[int]) -> None:
        """These lines are written: the next ones of their kind are others."""
        for row, occurrence in zip(rows, occurrences, strict=True):
            key = _key(row)
            self._taken[key] = (*self._taken.get(key, ()), occurrence)

    def _placed(self, references: list[str], known: list[_Known], taken: set[int]) -> list[int]:
        """Occurrences for lines of one kind, by their references ("" when it tells nothing)."""
        found: dict[int, int] = {}
        for at, reference in enumerate(references):
            same = (one.occurrence for one in known if reference and plain(one.reference) == reference)
            place = next((place for place in same if place not in taken), 0)
            if place:
                found[at] = place
                taken.add(place)
        last = max([0, *taken, *(one.occurrence for one in known)])
        for at, reference in enumerate(references):
            if at in found:
                continue
            free = (one.occurrence for one in known if self._may_be(one, reference))
            place = next((place for place in free if place not in taken), 0)
            if not place:
                last += 1
                place = last
            found[at] = place
            taken.add(place)
        return [found[at] for at in range(len(references))]

    def _may_be(self, one: _Known, reference: str) -> bool:
        """Whether a known line of another reference may be the same booking."""
        return not (reference and telling_reference(one.reference) and one.kind == self.kind)


def _reference(line: ParsedLine) -> str:
    return "" if line.weak_reference else telling_reference(line.bank_reference)


def _key(row: Told) -> Key:
    return row.account.pk, row.fingerprint


def _known(rows: Sequence[Told]) -> dict[Key, list[_Known]]:
    """Lines that are there, the first of its kind first."""
    facts = (
        StatementLine.objects.filter(
            account__in={row.account.pk for row in rows}, fingerprint__in={row.fingerprint for row in rows}
        )
        .order_by("occurrence")
        .values_list("account_id", "fingerprint", "occurrence", "bank_reference", "statement__kind")
    )
    found: dict[Key, list[_Known]] = {}
    for account, mark, occurrence, reference, kind in facts:
        found.setdefault((account, mark), []).append(_Known(occurrence, reference, kind))
    return found
