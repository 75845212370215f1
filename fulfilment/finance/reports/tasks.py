"""Adding new entries to the balances; nobody waits for it, reports are right before and after."""

from celery import shared_task

from .actions import roll_up


@shared_task(name="reports.roll_up", ignore_result=True)
def add_new_entries() -> int:
    """Returns how many entries were added."""
    return roll_up()
