"""What runs by itself: sending. The table is the truth; a task is only a nudge."""

from celery import shared_task

from . import forgetting, issues, sending


@shared_task(name="notifications.send_one", ignore_result=True)
def send_one(mail_id: int) -> None:
    """Send one mail, just written."""
    try:
        sending.send(mail_id)
    except sending.ServerDown as error:
        sending.log.warning("mail %s waits: %s", mail_id, error)


@shared_task(name="notifications.send_due", ignore_result=True)
def send_due() -> int:
    """Send what the queue lost, and second attempts. Runs every few seconds."""
    return sending.send_due()


@shared_task(name="notifications.forget", ignore_result=True)
def forget() -> None:
    """Delete mails that only asked whether an address is its owner's, and copies of newsletters."""
    forgetting.forget_asking()
    forgetting.forget_copies()


@shared_task(name="notifications.write_newsletters", ignore_result=True)
def write_newsletters() -> None:
    """Write the next copies of each newsletter that is being sent."""
    issues.write_due()
