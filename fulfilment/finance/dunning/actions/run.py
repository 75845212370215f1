"""The run: some customers at a time, read, decided and written in one transaction each.

Killed at any point, what was committed stands and the next run goes on with the rest: an invoice with its letter is not
due for it again, and the constraint on invoice and level stands behind that. A dry run is the same code, rolled back.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fulfilment.finance.dunning import facts as facts_of
from fulfilment.finance.dunning.customers import CUSTOMERS_PER_CHUNK, Customers, chunks, go_by_indexes
from fulfilment.finance.dunning.facts import Ground
from fulfilment.finance.dunning.models import DunningNotice
from fulfilment.finance.dunning.proposal import Decided, Held, Plan, Proposal, decide, stopped
from shop.kernel.transactions import retrying

from .write import Letter, write

log = logging.getLogger(__name__)

FAILURES_MAX = 100  #: customers whose letter fails before a run stops
KEPT = 500  #: letters and held invoices that a result shows one by one; the rest is counted


@dataclass
class Result:
    """What a run did: how much it wrote and held back, the first of both one by one, and what failed and why."""

    day: dt.date
    stopped: str = ""
    written: int = 0
    total_minor: int = 0
    held_back: int = 0
    more: bool = False  #: it was told to look at some customers only, and there are more
    letters: list[Letter] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def notices(self) -> list[DunningNotice]:
        """The first KEPT letters that were written."""
        return [letter.notice for letter in self.letters]

    @property
    def plan(self) -> Plan:
        """The same as a plan: what was due and what was held back."""
        proposals = tuple(letter.proposal for letter in self.letters)
        return Plan(self.day, proposals, tuple(self.held), self.stopped, self.more)

    def add(self, letters: list[Letter], held: tuple[Held, ...]) -> None:
        """Count what one transaction wrote and held back."""
        self.written += len(letters)
        self.total_minor += sum(letter.total_minor for letter in letters)
        self.held_back += len(held)
        self.letters += letters[: max(0, KEPT - len(self.letters))]
        self.held += held[: max(0, KEPT - len(self.held))]


class _Rollback(Exception):
    """Ends a dry run's transaction."""


def run(
    *,
    day: dt.date,
    by: Any = None,
    dry_run: bool = False,
    only: set[str] | None = None,
    at_most: int | None = None,
    chunk: int = CUSTOMERS_PER_CHUNK,
) -> Result:
    """Write the letters of ``day``: one per customer; the rest goes on when one customer's data fail.

    ``only``: keys of proposals that staff have chosen; None is all. ``dry_run`` does everything and rolls it back.
    ``at_most``: look at so many customers (for a preview). A second run on the same day writes nothing new.
    """
    result = Result(day)
    if not dry_run:
        _run(result, by, only, at_most, chunk)
        return result
    try:
        with transaction.atomic():
            _run(result, by, only, at_most, chunk)
            raise _Rollback
    except _Rollback:
        pass
    return result


def _run(result: Result, by: Any, only: set[str] | None, at_most: int | None, chunk: int) -> None:
    base = facts_of.ground(result.day)
    result.stopped = stopped(base)
    if result.stopped:
        return
    looked_at = 0
    for customers in chunks(result.day, chunk):
        if at_most is not None and looked_at >= at_most:
            result.more = True
            return
        looked_at += len(customers)
        result.failures += _serve(result, customers, base, by, only)
        if (
            len(result.failures) >= FAILURES_MAX
        ):  # not the data of a few: a fault that the next chunk has as well
            result.stopped = _("Too many letters fail; the rest waits until the cause is mended.")
            return


def _serve(
    result: Result, customers: Customers, base: Ground, by: Any, only: set[str] | None
) -> Iterator[str]:
    """Write the letters of some customers; when that fails, of each alone, and name whose data are broken."""
    try:
        letters, held = retrying(lambda: _write(customers, base, by, only))
    except Exception as error:  # one customer's broken data must not keep the others from their letters
        if len(customers) > 1:
            for one in customers.one_by_one():
                yield from _serve(result, one, base, by, only)
        elif not isinstance(error, IntegrityError):  # else another run has written it
            log.exception("dunning of %s failed", customers)
            yield f"{_name(customers)}: {error}"
        return
    result.add(letters, held)


def _write(
    customers: Customers, base: Ground, by: Any, only: set[str] | None
) -> tuple[list[Letter], tuple[Held, ...]]:
    """Read under lock, decide, write: what is paid meanwhile waits or is seen."""
    with transaction.atomic():
        go_by_indexes()
        chosen = customers.invoices(base.day).select_for_update(of=("self",))
        invoices = facts_of.debts(chosen, base.day)
        decided = decide(invoices, facts_of.read(base, invoices))
        return write(letters=_chosen(decided, only), base=base, by=by), decided.held


def _chosen(decided: Decided, only: set[str] | None) -> list[Proposal]:
    return [letter for letter in decided.letters if only is None or letter.key in only]


def _name(customers: Customers) -> str:
    return str(customers.users[0]) if customers.users else str(customers.guests[0][0])


__all__ = ["Result", "run"]
