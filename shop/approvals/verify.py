"""Invariants of approvals."""

from __future__ import annotations

from django.db.models import F, Q

from .models import Approval


def nobody_decided_their_own() -> list[str]:
    """What was approved or declined was decided by somebody else than asked for it."""
    own = Approval.objects.filter(state__in=("approved", "declined")).filter(
        Q(decided_by__isnull=True) | Q(decided_by=F("requested_by"))
    )
    return [f"{row} was decided by who asked for it" for row in own[:20]]


CHECKS = [("nobody approved their own request", nobody_decided_their_own)]
