"""What runs by itself: asking carriers for labels and for the whereabouts of parcels. The tables are the truth."""

from celery import shared_task

from . import labels, tracking


@shared_task(name="dispatch.work_label", ignore_result=True)
def work_label(label_id: int) -> None:
    """Ask for one label, just wanted."""
    labels.work(label_id)


@shared_task(name="dispatch.work_labels", ignore_result=True)
def work_labels() -> int:
    """What the queue lost, and second attempts. Runs every few seconds."""
    return labels.work_due()


@shared_task(name="dispatch.ask_carriers", ignore_result=True)
def ask_carriers() -> int:
    """Where are the parcels that nobody told us of for a while? Runs every few minutes."""
    return tracking.ask_carriers()
