"""What the room does by the clock."""

from celery import shared_task

from . import factor_secrets, forgetting


@shared_task(name="customers.forget", ignore_result=True)
def forget() -> None:
    """Delete ended sessions, and addresses that were typed in and never confirmed; seal second factors with the key of
    today."""
    forgetting.forget_sessions()
    forgetting.forget_unconfirmed()
    factor_secrets.seal_anew()
