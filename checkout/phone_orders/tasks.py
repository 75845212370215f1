"""What runs by itself: orders that were begun on the phone and never placed are dropped."""

from celery import shared_task

from . import actions


@shared_task(name="phone_orders.sweep", ignore_result=True)
def sweep_phone_orders() -> None:
    """Every hour."""
    actions.sweep()
