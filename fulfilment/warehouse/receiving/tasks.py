"""What runs by itself: returns that never came are given up."""

from celery import shared_task

from . import actions


@shared_task(name="receiving.expire", ignore_result=True)
def expire() -> None:
    """Once a day."""
    actions.expire_late()
