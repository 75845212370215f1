"""How fresh our knowledge of the bank account is: nobody is reminded of what they may have paid."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max

from fulfilment.finance.bank.queries import read_until
from fulfilment.finance.invoicing.merchant import profile
from fulfilment.finance.invoicing.models import OrderMoney


def newest_bank_day() -> dt.date | None:
    """Until when the account that our letters name was read: the last day of its statements, whenever they were
    loaded. Where no statements are imported, the last transfer that was recorded by hand; None without either."""
    until = read_until(iban=profile().iban)
    if until is not None:
        return until
    by_hand: dt.date | None = OrderMoney.objects.filter(kind=OrderMoney.TRANSFER).aggregate(
        day=Max("booked_on")
    )["day"]
    return by_hand
