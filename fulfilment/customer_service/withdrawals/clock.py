"""The clock of the refund, § 357 (1) BGB: which withdrawals run out of their 14 days, or have."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet
from django.utils import timezone

from shop.kernel import clock

from .models import REFUND_DAYS, Withdrawal
from .states import OPEN_STATES

SOON_DAYS = 3  #: so long before its last day a refund is pointed out


def due(*, within_days: int = SOON_DAYS) -> QuerySet[Withdrawal]:
    """Open withdrawals whose money must go back within so many days, or should have."""
    return _refund_by_until(clock.today() + dt.timedelta(days=within_days))


def late() -> QuerySet[Withdrawal]:
    """Open withdrawals whose last day for the refund is over."""
    return _refund_by_until(clock.today() - dt.timedelta(days=1))


def _refund_by_until(day: dt.date) -> QuerySet[Withdrawal]:
    """``refund_by`` at the latest on ``day``, in the shop's time zone and so that the index on the arrival is used."""
    first_after = dt.datetime.combine(day - dt.timedelta(days=REFUND_DAYS - 1), dt.time())
    return Withdrawal.objects.filter(state__in=OPEN_STATES, received_at__lt=timezone.make_aware(first_after))
