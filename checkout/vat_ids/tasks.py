"""Celery's side: what the register left open."""

from celery import shared_task

from . import actions


@shared_task(name="vat_ids.ask_again", ignore_result=True)
def ask_again() -> None:
    """Ask once more about VAT ids of orders that nobody answered for; runs by beat."""
    actions.ask_again()
