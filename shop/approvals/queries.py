"""Reads of approvals."""

from __future__ import annotations

import datetime as dt
from typing import Any

from shop.kernel import clock

from .models import Approval

SHOWN_FOR = dt.timedelta(days=3)
SHOWN = 5


def answers_for(person: Any) -> list[Approval]:
    """What others decided of what ``person`` asked for, of the last days, newest first. One query."""
    mine = Approval.objects.filter(requested_by=person, state__in=("approved", "declined"))
    recent = mine.filter(decided_at__gte=clock.now() - SHOWN_FOR).select_related("decided_by")
    return list(recent.order_by("-decided_at", "-pk")[:SHOWN])
