"""What is still to do at the card provider before a month is closed."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from fulfilment.finance.ledger.closing import Matter

from .models import GONE_WRONG, BalanceTransaction, Payout


def not_booked(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """Payouts expected until the last day whose bank line nobody has found, and movements until then that wait to be
    booked. Two queries."""
    return [_payouts(last_day), _movements(last_day)]


def _payouts(last_day: dt.date) -> Matter:
    missing = Payout.objects.filter(arrived_on__isnull=True, arrival_date__lte=last_day)
    found = missing.exclude(provider_status__in=GONE_WRONG).aggregate(
        count=Count("pk"), amount=Sum("amount_minor", filter=Q(currency="EUR"))
    )
    text = ngettext(
        "%(n)d payout of the card provider is not booked: its bank line is missing",
        "%(n)d payouts of the card provider are not booked: their bank lines are missing",
        found["count"],
    )
    url = f"{reverse('finance:payouts')}?state=open&last={last_day.isoformat()}"
    return Matter(text % {"n": found["count"]}, found["count"], url, found["amount"])


def _movements(last_day: dt.date) -> Matter:
    midnight = timezone.make_aware(dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time()))
    rows = BalanceTransaction.objects.filter(booking=BalanceTransaction.WAITING, created_at__lt=midnight)
    count = rows.count()
    text = ngettext(
        "%(n)d movement at the card provider is not booked",
        "%(n)d movements at the card provider are not booked",
        count,
    )
    url = f"{reverse('finance:movements')}?booking={BalanceTransaction.WAITING}"
    return Matter(text % {"n": count}, count, url)
