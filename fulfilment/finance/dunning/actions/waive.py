"""Letting a claim go: interest, costs or lump sum that will not be asked for any more."""

from __future__ import annotations

from typing import Any

from fulfilment.finance.dunning.models import DunningClaim
from shop.kernel.clock import now


def waive(*, claim: DunningClaim, why: str, by: Any) -> bool:
    """Waive what is left of a claim, with a reason. False when it was waived or paid before."""
    if not why.strip():
        raise ValueError("waiving needs a reason")
    rows = DunningClaim.objects.filter(pk=claim.pk, waived_at=None).exclude(paid_minor=claim.amount_minor)
    return bool(
        rows.update(
            waived_at=now(),
            waived_why=why.strip()[:300],
            waived_by=by if getattr(by, "pk", None) else None,
        )
    )
