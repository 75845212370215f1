"""Celery's side: one task per export, and the sweep that finds what a crash left."""

from celery import shared_task

from . import actions


@shared_task(name="exports.make", ignore_result=True)
def make_export(export_id: int) -> None:
    """Make one export."""
    actions.make(export_id)


@shared_task(name="exports.make_waiting", ignore_result=True)
def make_waiting() -> int:
    """Make what waits for long; returns how many. Runs by beat."""
    return actions.make_waiting()
