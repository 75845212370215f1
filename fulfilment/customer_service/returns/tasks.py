"""What runs by itself: labels for the way back, and sizes that are kept for an exchange nobody sent anything for."""

from celery import shared_task

from . import exchange_end, labels


@shared_task(name="returns.call_off_exchanges", ignore_result=True)
def call_off_exchanges() -> None:
    """Once a day."""
    exchange_end.call_off_late()
    exchange_end.ask_about_missing()


@shared_task(name="returns.book_label", ignore_result=True)
def book_label(label_id: int) -> None:
    """One label, just wanted."""
    labels.work(label_id)


@shared_task(name="returns.book_labels", ignore_result=True)
def book_labels() -> int:
    """What the queue lost, and further attempts."""
    return labels.work_due()


@shared_task(name="returns.ask_where", ignore_result=True)
def ask_where() -> int:
    """Where are the parcels that come back with a carrier's label?"""
    return labels.ask_where()
