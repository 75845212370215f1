"""What runs by itself: sizes that are kept for an exchange nobody sent anything back for."""

from celery import shared_task

from . import exchange_end


@shared_task(name="returns.call_off_exchanges", ignore_result=True)
def call_off_exchanges() -> None:
    """Once a day."""
    exchange_end.call_off_late()
