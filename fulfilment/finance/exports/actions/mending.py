"""What people do about an export that failed, and the note of who fetched one that was made."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from fulfilment.finance.exports.models import BatchEntry, Export, ExportFetch
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


def fetched(*, export: Export, by: Any) -> None:
    """Note that somebody takes the file of an export."""
    retrying(lambda: ExportFetch.objects.create(export=export, by=by if getattr(by, "pk", None) else None))
