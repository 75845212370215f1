"""The nightly seal."""

from __future__ import annotations

import datetime as dt

from celery import shared_task

from shop.kernel.clock import today

from .actions import seal


@shared_task(name="ledger.seal", ignore_result=True)
def seal_yesterday() -> int:
    """Seal what was posted until the end of yesterday. Returns how many entries."""
    return seal(day=today() - dt.timedelta(days=1)).entries
