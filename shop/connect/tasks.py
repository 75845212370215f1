"""What runs by itself: pushing. The table is the truth; a task is only a nudge."""

from celery import shared_task

from . import sending


@shared_task(name="connect.send_one", ignore_result=True)
def send_one(push_id: int) -> None:
    """Send one push, just written."""
    sending.send(push_id)


@shared_task(name="connect.send_due", ignore_result=True)
def send_due() -> int:
    """Send what the queue lost, and second attempts. Runs every few seconds."""
    return sending.send_due()
