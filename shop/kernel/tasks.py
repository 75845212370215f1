"""Celery's side of the kernel: one task per delivery, and the sweep that finds what a crash left."""

from celery import current_task, shared_task

from . import inbox, nightly_backups, outbox, sharing, tries, work
from .attempts import due
from .models import Delivery, InboxMessage


@shared_task(name="kernel.deliver", ignore_result=True)
def deliver_one(delivery_id: int) -> None:
    """Run one outbox delivery."""
    outbox.deliver(delivery_id)


@shared_task(name="kernel.handle", ignore_result=True)
def handle_one(inbox_id: int) -> None:
    """Handle one inbox message."""
    inbox.handle(inbox_id)


@shared_task(name="kernel.sweep", ignore_result=True)
def sweep() -> None:
    """Do whatever is due in outbox and inbox: what the queue lost, and second attempts. Runs every few seconds. After a
    long outage thousands wait: what belongs to money, and what comes in (payments among it), goes before letters and
    what others are told."""
    rank = outbox.core.urgency()
    waiting = list(due(Delivery, outbox.core.BATCH, rank).values_list("pk", rank))
    for pk in (pk for pk, place in waiting if place == 0):
        outbox.deliver(pk)
    for pk in list(due(InboxMessage, inbox.core.BATCH).values_list("pk", flat=True)):
        inbox.handle(pk)
    for pk in (pk for pk, place in waiting if place > 0):
        outbox.deliver(pk)
    work.send_rested()


@shared_task(name="kernel.pulse", ignore_result=True)
def pulse(queue: str) -> None:
    """Note that a worker came to this queue."""
    work.pulse(queue, current_task.request.get("sent_at"))


@shared_task(name="kernel.clear_changes", ignore_result=True)
def clear_changes() -> None:
    """Leave one row of each kind of change that shared pages ask about."""
    sharing.clear()


@shared_task(name="kernel.clear_tallies", ignore_result=True)
def clear_tallies() -> None:
    """Forget who tried what more than a day ago."""
    tries.clear()


@shared_task(name="kernel.backup", ignore_result=True)
def make_backup() -> None:
    """The backup of this night, where the settings want one."""
    nightly_backups.make()
