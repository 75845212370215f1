"""What reconciliation still has to do before a month is closed; what is unexplained the ledger asks itself."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import ngettext

from fulfilment.finance.bank.models import StatementLine
from fulfilment.finance.ledger.closing import Matter


def lines_not_booked(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """Lines of the bank of these days that are neither a receipt nor a disbursement yet. Two queries."""
    lines = StatementLine.objects.filter(
        booked_on__gte=first_day, booked_on__lte=last_day, is_replaced=False, receipt=None, disbursement=None
    )
    count = lines.count()
    amount = lines.filter(currency="EUR").aggregate(total=Sum("amount_minor"))["total"] if count else None
    text = ngettext("%(n)d line of the bank is not booked", "%(n)d lines of the bank are not booked", count)
    days = f"first={first_day.isoformat()}&last={last_day.isoformat()}"
    return [Matter(text % {"n": count}, count, f"{reverse('finance:bank-lines')}?{days}", amount)]
