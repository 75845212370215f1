"""What the room does by the clock."""

from celery import shared_task

from shop.kernel import sealed

from . import forgetting


@shared_task(name="customers.forget", ignore_result=True)
def forget() -> None:
    """Delete ended sessions, and addresses that were typed in and never confirmed; seal secrets in rows, of second
    factors and of pushes, with the key of today."""
    forgetting.forget_sessions()
    forgetting.forget_unconfirmed()
    sealed.seal_all()
