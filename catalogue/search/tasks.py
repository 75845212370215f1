"""What the worker does for search: it alone writes the index."""

import time

from celery import shared_task

from . import alone, missed, turns
from .actions import RebuildFailed, flush, just_failed, rebuild, running, tidy
from .port import SearchUnavailable, engine

LOOK_EVERY_S = 10.0
_looked = -LOOK_EVERY_S


@shared_task(name="search.take_in", ignore_result=True)
def take_in() -> None:
    """Write into the index what changed. Runs every second; an index that is not there yet is built. Pages hear of
    campaigns that began or ended meanwhile.

    An engine that does not answer is left alone for ``SEARCH_REST_S``: waiting for it would keep the workers from
    mails, refunds and deliveries.
    """
    turns.tell()
    if alone.resting():
        return
    written, failed = 0, False
    try:
        written = flush()
    except SearchUnavailable as error:
        failed = True
        if not error.can_be_built:
            alone.rest()
    if failed or (not written and _time_to_look()):
        _look_after_the_index()


def _time_to_look() -> bool:
    """Every LOOK_EVERY_S, in each process that has nothing to write."""
    global _looked
    if time.monotonic() < _looked + LOOK_EVERY_S:
        return False
    _looked = time.monotonic()
    return True


def look_at_once() -> None:
    """Look at the index when there is nothing to write next."""
    global _looked
    _looked = -LOOK_EVERY_S


def _look_after_the_index() -> None:
    """Have it built where it is missing or was made by other code, also in a quiet shop; a building that died is put
    away first. After one that failed there is a pause."""
    try:
        tidy()
        if wanted() and not running().exists() and not just_failed():
            build.delay()
    except SearchUnavailable:
        alone.rest()


def wanted() -> bool:
    """Whether there is no index, or one made by other code. Raises SearchUnavailable when the engine is silent."""
    try:
        engine().size()
        return engine().outdated()
    except SearchUnavailable as error:
        if error.can_be_built:
            return True
        raise


@shared_task(name="search.build", ignore_result=True)
def build() -> None:
    """Build the index that is missing or outdated. Asked for more than once, it is built once."""
    try:
        if wanted():
            rebuild()
    except (RebuildFailed, SearchUnavailable):  # written down in its row; the former index stays
        return


@shared_task(name="search.count_missed", ignore_result=True)
def count_missed() -> None:
    """Count what people looked for and did not find. Runs every minute."""
    missed.collect()
