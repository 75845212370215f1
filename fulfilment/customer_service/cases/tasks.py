"""What runs by itself: pictures of requests that were never sent are deleted."""

from celery import shared_task

from . import drafts


@shared_task(name="cases.clear_drafts", ignore_result=True)
def clear_drafts() -> None:
    """Once a day."""
    drafts.clear_old()
