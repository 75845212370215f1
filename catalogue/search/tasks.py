"""What the worker does for search: it alone writes the index."""

from celery import shared_task

from . import alone, missed
from .actions import RebuildFailed, flush, rebuild, running
from .port import SearchUnavailable, engine


@shared_task(name="search.take_in", ignore_result=True)
def take_in() -> None:
    """Write into the index what changed. Runs every second; an index that is not there yet is built.

    An engine that does not answer is left alone for ``SEARCH_REST_S``: waiting for it would keep the workers from
    mails, refunds and deliveries.
    """
    if alone.resting():
        return
    try:
        flush()
    except SearchUnavailable as error:
        if not error.can_be_built:
            alone.rest()
        _build_if_missing()


def _build_if_missing() -> None:
    try:
        engine().size()
    except SearchUnavailable as error:
        if error.can_be_built and not running().exists():
            build.delay()


@shared_task(name="search.build", ignore_result=True)
def build() -> None:
    """Build the index that is missing. Asked for more than once, it is built once."""
    try:
        engine().size()
        return
    except SearchUnavailable as error:
        if not error.can_be_built:
            return
    try:
        rebuild()
    except (RebuildFailed, SearchUnavailable):  # written down in its row; the former index stays
        return


@shared_task(name="search.count_missed", ignore_result=True)
def count_missed() -> None:
    """Count what people looked for and did not find. Runs every minute."""
    missed.collect()
