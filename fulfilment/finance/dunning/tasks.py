"""The nightly run."""

from __future__ import annotations

import logging

from celery import shared_task

from shop.kernel.clock import today

from .actions import run, see_promises
from .models import DunningPolicy

log = logging.getLogger(__name__)


@shared_task(name="dunning.nightly", ignore_result=True)
def nightly() -> int:
    """See which promises were kept or broken, then write today's letters where the policy says automatic; else they
    wait on the proposal page. Returns how many."""
    see_promises()
    policy = DunningPolicy.objects.first()
    if policy is None or not policy.automatic:
        log.info("dunning waits for approval")
        return 0
    result = run(day=today())
    if result.stopped:
        log.info("dunning: %s", result.stopped)
    return result.written
