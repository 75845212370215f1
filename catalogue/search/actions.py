"""Verbs of the index: take in what changed, build anew. Called by the worker and by the command; no page writes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max, QuerySet

from shop.kernel.clock import now
from shop.kernel.sharing import OFFER, touch
from shop.kernel.transactions import retrying

from .alone import taking_in
from .documents import BATCH, batches, documents, parents_of, shown
from .many import write_out
from .models import Changed, Rebuild
from .port import Builder, Document, Engine, KnownWord, SearchUnavailable, engine

FLUSH_MAX = 5_000  #: changes taken in at once
#: For so long ranges of thousands are written out before readers are told; the next second goes on.
SPREAD_S = 1.0
SILENT_AFTER_S = 300  #: a rebuild that has not been heard of for so long is dead
ROWS_KEPT = 50  #: buildings that are remembered
PAUSE_S = 60  #: after one that failed
TOLERATED = (
    0.001  #: share of products by which a new index may differ from the database (they change meanwhile)
)


class RebuildFailed(Exception):
    """The new index does not hold what the database does; the former one stays."""


def flush(*, chosen: Engine | None = None) -> int:
    """Take in all that changed since the last time. Returns how many products were written.

    Rows are read, written to the index, and only then put away: what a crash interrupts is done again. One process at a
    time, so that nobody writes an older state last: 0 while another is at it. Raises SearchUnavailable; the rows then
    wait.
    """
    with taking_in() as ours:
        written, wrote_out = _take_in(chosen or engine()) if ours else (0, False)
    if written or wrote_out:
        touch(OFFER)  # pages that were made from the index are made anew, and lists may ask it again
    return written


def _take_in(target: Engine) -> tuple[int, bool]:
    """What changed by itself first; then, for SPREAD_S, what many products have in common, some at a time. Returns how
    many products were written, and whether something was written out for that."""
    written, until = 0, time.monotonic() + SPREAD_S
    may_spread, wrote_out = True, False
    open_rows = Changed.objects.filter(applied=False).order_by("pk").values_list("pk", "product_id")
    while True:
        before = _Rebuilds.now()
        rows = list(open_rows[:FLUSH_MAX])
        if not rows:
            # While an index is built rows of many wait: it may have read the products before, and readers are to be
            # told until they are written into it.
            if may_spread and not before.at_work and write_out():
                may_spread, wrote_out = time.monotonic() < until, True
                continue
            return written, wrote_out
        ids = sorted(parents_of(pk for _row, pk in rows))
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            found = documents(part)
            target.update(found, gone=sorted(set(part) - {one.id for one in found}))
        _put_away([row for row, _pk in rows], before)
        written += len(ids)


@dataclass(frozen=True)
class _Rebuilds:
    """Rebuilds at work at a moment, and the newest there was."""

    at_work: frozenset[int]
    newest: int

    @classmethod
    def now(cls) -> _Rebuilds:
        newest = Rebuild.objects.aggregate(newest=Max("pk"))["newest"] or 0
        return cls(frozenset(running().values_list("pk", flat=True)), newest)

    def any_since(self) -> bool:
        """Whether one was at work at any time from that moment on."""
        return bool(self.at_work) or Rebuild.objects.filter(pk__gt=self.newest).exists()


def _put_away(rows: list[int], before: _Rebuilds) -> None:
    """Away with them, unless an index is being built that has to hear of them as well."""
    for start in range(0, len(rows), BATCH):
        retrying(lambda part=rows[start : start + BATCH]: _put_part_away(part, before))  # type: ignore[misc]


def _put_part_away(rows: list[int], before: _Rebuilds) -> None:
    """Rows wait for a rebuild at work. Where one ended since they were read, nobody knows into which index they were
    written: they stay open and are taken in once more."""
    found = Changed.objects.filter(pk__in=rows)
    if list(running().select_for_update()):  # it does not end before our mark can be seen (see _end)
        found.update(applied=True)
    elif not before.any_since():
        found.delete()


def running() -> QuerySet[Rebuild]:
    """Rebuilds at work; one that fell silent is none."""
    return Rebuild.objects.filter(
        state=Rebuild.RUNNING, seen_at__gt=now() - timedelta(seconds=SILENT_AFTER_S)
    )


def rebuild(
    *, chosen: Engine | None = None, tell: Callable[[int, int], None] = lambda done, total: None
) -> Rebuild:
    """Build a new index beside the present one, count it, compare it with the database, and only then swap.

    ``tell`` hears (done, total) after each batch. What changes meanwhile goes into the present index at once and into
    the new one after the swap. Raises RebuildFailed when the counts differ or another rebuild runs; the present index
    stays.
    """
    target = chosen or engine()
    row = _begin()
    # Written by transactions that have ended, so what they changed is read below. Not all rows up to a number: a number
    # given out earlier may become visible later.
    heard = list(Changed.objects.values_list("pk", flat=True))
    builder = None
    try:
        builder = target.builder()
        Rebuild.objects.filter(pk=row.pk).update(version=builder.version)
        held = _fill(builder, row, tell)
        _compare(held, shown().count(), heard)
        builder.swap()
    except BaseException as error:
        if builder is not None:
            builder.drop()
        why = str(error)
        retrying(lambda: _fail([row.pk], why))
        raise
    for start in range(0, len(heard), BATCH):
        part = Changed.objects.filter(pk__in=heard[start : start + BATCH])
        retrying(part.delete)
    retrying(lambda: _end(row))
    flush(chosen=target)
    row.refresh_from_db()
    return row


def tidy(*, chosen: Engine | None = None) -> int:
    """Put away buildings that fell silent (a killed process), with what they had built, and all but the newest rows.

    Returns how many fell silent. Raises SearchUnavailable; the rows then wait. One query where nothing fell silent.
    """
    dead = list(Rebuild.objects.filter(state=Rebuild.RUNNING).exclude(pk__in=running().values("pk")))
    if not dead:
        return 0
    target = chosen or engine()
    for row in dead:
        target.drop(row.version)
    retrying(lambda: _fail([row.pk for row in dead], "it fell silent"))
    kept = list(Rebuild.objects.order_by("-pk").values_list("pk", flat=True)[:ROWS_KEPT])
    Rebuild.objects.exclude(pk__in=kept).delete()
    return len(dead)


def _fail(ids: list[int], why: str) -> None:
    """They come to nothing; what waited for them alone need not wait any longer, the present index has it."""
    rows = Rebuild.objects.filter(pk__in=ids, state=Rebuild.RUNNING)
    rows.update(state=Rebuild.FAILED, error=why[:300], seen_at=now())
    if not list(running().select_for_update()):
        Changed.objects.filter(applied=True).delete()


def just_failed() -> bool:
    """Whether a building came to nothing a moment ago: the next one would as well."""
    since = now() - timedelta(seconds=PAUSE_S)
    return Rebuild.objects.filter(state=Rebuild.FAILED, seen_at__gt=since).exists()


def _begin() -> Rebuild:
    def work() -> Rebuild:
        if running().exists():
            raise RebuildFailed(
                "another rebuild is running; wait for it, or for five minutes without a sign of it"
            )
        newest = Changed.objects.aggregate(newest=Max("pk"))["newest"] or 0
        return Rebuild.objects.create(total=shown().count(), from_change_id=newest)

    return retrying(work)


def _fill(builder: Builder, row: Rebuild, tell: Callable[[int, int], None]) -> int:
    known: Counter[str] = Counter()
    shown_as: dict[str, str] = {}
    done = 0
    for part in batches(list(shown().order_by("pk").values_list("pk", flat=True))):
        builder.add(part)
        _learn(part, known, shown_as)
        done += len(part)
        Rebuild.objects.filter(pk=row.pk).update(done=done, seen_at=now())
        tell(done, row.total)
    return builder.finish(KnownWord(word, shown_as[word], n) for word, n in known.items())


def _learn(part: list[Document], known: Counter[str], shown_as: dict[str, str]) -> None:
    for one in part:
        for word, as_written in one.known:
            known[word] += 1
            shown_as.setdefault(word, as_written)


def _compare(held: int, expected: int, heard: list[int]) -> None:
    """As many as the database has, but for what came and went in the meantime."""
    changed = len(set(Changed.objects.values_list("pk", flat=True)).difference(heard))
    if abs(held - expected) > changed + TOLERATED * expected:
        raise RebuildFailed(
            f"the new index holds {held} products, the database {expected}; the former index stays"
        )


def _end(row: Rebuild) -> None:
    """From now on no row waits for this rebuild; what waited is taken in once more, twice does no harm."""
    Rebuild.objects.filter(pk=row.pk).update(state=Rebuild.DONE, seen_at=now())
    Changed.objects.filter(applied=True).update(applied=False)


__all__ = ["RebuildFailed", "SearchUnavailable", "flush", "just_failed", "rebuild", "running", "tidy"]
