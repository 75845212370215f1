"""How fresh our knowledge of the bank account is: nobody is reminded of what they may have paid."""

from __future__ import annotations

import datetime as dt

from django.apps import apps
from django.db.models import Max

from fulfilment.finance.invoicing.models import OrderMoney


def newest_bank_day() -> dt.date | None:
    """The last day the bank's statements reach (their newest last day), or the last transfer that was recorded by
    hand, whichever is later; None when there is neither."""
    by_hand = OrderMoney.objects.filter(kind=OrderMoney.TRANSFER).aggregate(day=Max("booked_on"))["day"]
    days = [day for day in (by_hand, _statements_until()) if day]
    return max(days, default=None)


def _statements_until() -> dt.date | None:
    if not apps.is_installed("fulfilment.finance.bank"):
        return None
    statements = apps.get_model("bank", "Statement")
    day: dt.date | None = statements.objects.aggregate(day=Max("last_day"))["day"]
    return day
