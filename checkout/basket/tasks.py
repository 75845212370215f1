"""Baskets by the clock."""

from celery import shared_task

from . import forgetting


@shared_task(name="basket.forget_guests", ignore_result=True)
def forget_guests() -> None:
    """Delete guests' baskets that nobody can open any more."""
    forgetting.forget_guests()
