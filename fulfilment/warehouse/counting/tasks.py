"""Background work of the room."""

from celery import shared_task

from .planning import plan_counts


@shared_task(name="counting.plan", ignore_result=True)
def plan() -> int:
    """Every morning: tasks for the bins that are due. Safe to repeat."""
    return plan_counts()
