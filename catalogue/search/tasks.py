"""What the worker does for search: it alone writes the index."""

from celery import shared_task

from . import missed
from .actions import RebuildFailed, flush, rebuild, running
from .port import SearchUnavailable, engine


@shared_task(name="search.take_in", ignore_result=True)
def take_in() -> None:
    """Write into the index what changed. Runs every second; an index that is not there yet is built."""
    try:
        flush()
    except SearchUnavailable:
        _build_if_missing()


def _build_if_missing() -> None:
    try:
        engine().size()
    except SearchUnavailable as error:
        if error.can_be_built and not running().exists():
            build.delay()


@shared_task(name="search.build", ignore_result=True, time_limit=7200, soft_time_limit=7000)
def build() -> None:
    """Build the index anew."""
    try:
        rebuild()
    except (RebuildFailed, SearchUnavailable):  # written down in its row; the former index stays
        return


@shared_task(name="search.count_missed", ignore_result=True)
def count_missed() -> None:
    """Count what people looked for and did not find. Runs every minute."""
    missed.collect()
