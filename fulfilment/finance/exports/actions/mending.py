"""What people do about an export that failed or a batch that must be made anew, and the note of who fetched a file."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from fulfilment.finance.exports.models import DATEV, BatchEntry, Export, ExportFetch
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .asking import told


def again(*, export: Export, by: Any) -> Export:
    """Have an export that failed made again, of what it was asked for. Raises StateError when it is not failed."""
    retrying(
        lambda: move(
            export,
            to="waiting",
            by=by,
            why="asked again",
            attempts=0,
            claimed_until=None,
            problem="",
            detail="",
        )
    )
    return told(export)


def give_up(*, export: Export, by: Any) -> int:
    """Give up an export that failed. Nobody has its file, so the entries of a DATEV batch are free for the next one;
    returns how many. Raises StateError when it is not failed."""

    def work() -> int:
        with transaction.atomic():
            held = BatchEntry.objects.filter(export=export)
            move(export, to="given_up", by=by, why="given up", entries=0)
            return held.delete()[0]

    return retrying(work)


class NoBatch(ValueError):
    """Only DATEV batches are withdrawn: of other exports one asks anew, nothing is taken by them."""


def withdraw(*, export: Export, why: str, by: Any) -> int:
    """Withdraw a DATEV batch that was made: its entries are free for another batch, its file stays kept and marked.

    Returns how many entries are free. Raises NoBatch, ValueError without a reason, StateError when it is not made or
    was withdrawn before.
    """
    if export.kind != DATEV:
        raise NoBatch(f"export {export.pk} is no DATEV batch")
    if not why.strip():
        raise ValueError("withdrawing a batch says why")

    def work() -> int:
        with transaction.atomic():
            move(export, to="withdrawn", by=by, why=why.strip()[:300])
            return BatchEntry.objects.filter(export=export).delete()[0]

    return retrying(work)


def fetched(*, export: Export, by: Any) -> None:
    """Note that somebody takes the file of an export."""
    retrying(lambda: ExportFetch.objects.create(export=export, by=by if getattr(by, "pk", None) else None))
