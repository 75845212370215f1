"""What runs by itself: reading the balance, booking it, sending money back."""

from __future__ import annotations

import logging

from celery import shared_task

from checkout.payment.stripe_client import ProviderDown, ProviderRefused

from . import booking, fetch, unmatched
from .models import Explanation

log = logging.getLogger(__name__)
BATCH = 50


@shared_task(name="psp.read", ignore_result=True)
def read(payout: str = "") -> int:
    """Read what is new at the provider and book it; returns how many movements were booked. ``payout``: one that a
    webhook named. Never raises for a provider that is down: it is asked again by itself."""
    if not fetch.lease():
        return 0
    problem = ""
    try:
        fetch.read_movements()
        fetch.read_payouts()
        if payout:
            fetch.look_at_payout(payout)
    except (ProviderDown, ProviderRefused) as error:
        log.warning("the balance cannot be read, trying again later: %s", error)
        problem = str(error) or "unknown"
    finally:
        fetch.give_up_lease(problem)
    send_back_open()
    return booking.book_waiting()


@shared_task(name="psp.send_back", ignore_result=True)
def send_back(explanation_id: int) -> None:
    """Give money without an order back; tried again by the sweep when the provider is down."""
    unmatched.send_back(explanation_id=explanation_id)


def send_back_open() -> None:
    """Money that is to be given back, and is not yet."""
    waiting = Explanation.objects.filter(
        kind=Explanation.GIVE_BACK, done_at__isnull=True, undone_at__isnull=True
    )
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        try:
            unmatched.send_back(explanation_id=pk)
        except ProviderDown as error:
            log.warning("money cannot be given back, trying again later: %s", error)
            return
