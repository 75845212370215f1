"""Alerts by the clock."""

from celery import shared_task

from . import actions


@shared_task(name="stock_alerts.tell", ignore_result=True)
def tell() -> None:
    """Tell those who wait for what is back."""
    actions.tell_due()


@shared_task(name="stock_alerts.clear", ignore_result=True)
def clear() -> None:
    """Delete what is over."""
    actions.clear()
