"""Staff stop dunning for a while, with a reason, and let it go on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fulfilment.finance.dunning.models import DunningHold
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.clock import now, today

LONGEST_HOLD = dt.timedelta(days=366)


def hold_invoice(*, invoice: Invoice, until: dt.date, reason: str, by: Any) -> DunningHold:
    """No letter for this invoice until after ``until``. ValueError for a past day, more than a year, or no reason."""
    return _hold(until, reason, by, invoice=invoice)


def hold_customer(*, user: Any, until: dt.date, reason: str, by: Any) -> DunningHold:
    """No letter to this customer until after ``until``. ValueError as for hold_invoice."""
    return _hold(until, reason, by, user=user)


def lift_hold(*, hold: DunningHold, by: Any) -> None:
    """The hold ends now."""
    DunningHold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_at=now(), lifted_by=by if getattr(by, "pk", None) else None
    )


def _hold(until: dt.date, reason: str, by: Any, **what: Any) -> DunningHold:
    if not reason.strip():
        raise ValueError("a hold needs a reason")
    if not today() <= until <= today() + LONGEST_HOLD:
        raise ValueError("a hold ends within a year from today")
    return DunningHold.objects.create(until=until, reason=reason.strip()[:300], by=by, **what)
