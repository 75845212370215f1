"""What the room does by the clock."""

from celery import shared_task

from . import forgetting


@shared_task(name="customers.forget", ignore_result=True)
def forget() -> None:
    """Delete ended sessions, and addresses that were typed in and never confirmed."""
    forgetting.forget_sessions()
    forgetting.forget_unconfirmed()
