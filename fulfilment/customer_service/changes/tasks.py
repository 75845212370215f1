"""What runs by itself: changes that were not paid in time lapse."""

from __future__ import annotations

from celery import shared_task

from .paying import drop_unpaid


@shared_task(name="changes.drop_unpaid", ignore_result=True)
def drop_unpaid_changes() -> None:
    """Every minute; safe beside another worker."""
    drop_unpaid()
