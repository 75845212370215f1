"""What runs by itself."""

from celery import shared_task

from . import actions


@shared_task(name="shortages.apply_defaults", ignore_result=True)
def apply_defaults() -> int:
    """Decide by the shop's rule what nobody answered in time. Returns how many."""
    return actions.apply_defaults()


@shared_task(name="shortages.plan_waiting", ignore_result=True)
def plan_waiting() -> int:
    """Plan missing pieces that lie in a bin again, however they came there (counted, moved, returned)."""
    return actions.plan_waiting()


@shared_task(name="shortages.ask_overlooked", ignore_result=True)
def ask_overlooked() -> int:
    """Ask about pieces that no bin held from the start. Returns how many questions."""
    return actions.ask_overlooked()
