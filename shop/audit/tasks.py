"""The nightly purge."""

from celery import shared_task

from . import actions


@shared_task(name="audit.purge", ignore_result=True)
def purge() -> None:
    """Delete what is older than it is kept; that it did is a row too."""
    actions.purge()
