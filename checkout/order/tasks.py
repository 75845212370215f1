"""Orders by the clock."""

from celery import shared_task

from .together import count_together


@shared_task(name="order.count_together", ignore_result=True)
def together() -> None:
    """Count anew which articles are bought together. Runs each night."""
    count_together()
