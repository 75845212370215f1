"""Celery's side: lines of the bank become money, and money is matched."""

from celery import shared_task

from shop.kernel.clock import now

from .actions import take_in
from .matching.run import match_open
from .models import Intake


@shared_task(name="reconciliation.take_in", ignore_result=True)
def take_in_one(intake_id: int) -> None:
    """Take in the lines of one file and account, then match what is open. Safe to repeat at any point."""
    intake = Intake.objects.get(pk=intake_id)
    take_in(intake=intake)
    done = Intake.objects.filter(pk=intake_id, done_at__isnull=False, matched_at=None)
    if done.exists():
        match_open()
        done.update(matched_at=now())


@shared_task(name="reconciliation.take_in_all", ignore_result=True)
def take_in_all() -> None:
    """Go on where a crash or a lost queue left off; runs by beat."""
    for pk in list(Intake.objects.filter(matched_at=None).order_by("pk").values_list("pk", flat=True)):
        take_in_one(pk)


@shared_task(name="reconciliation.match_open", ignore_result=True)
def match_all() -> None:
    """Look at everything that is open once more; runs nightly, before dunning."""
    match_open()
