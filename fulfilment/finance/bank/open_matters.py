"""What the bank's files still owe a month before it is closed."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import ngettext

from fulfilment.finance.ledger.closing import Matter

from .models import FINAL_KINDS, BankAccount, StatementFile
from .queries import statements

SATURDAY = 5


def not_read(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """Files that wait to be read, accounts whose statements do not reach the end of these days, statements of these
    days that do not add up. Three queries."""
    return [_files(), _accounts(last_day), _statements(first_day, last_day)]


def _files() -> Matter:
    count = StatementFile.objects.filter(state__in=("waiting", "reading")).count()
    text = ngettext("%(n)d bank file is not read yet", "%(n)d bank files are not read yet", count)
    return Matter(text % {"n": count}, count, reverse("finance:bank-files"))


def _accounts(last_day: dt.date) -> Matter:
    """Only accounts in use whose statements are imported at all: others are kept by hand. Banks book on weekdays."""
    told = Max(
        "statements__last_day",
        filter=Q(statements__file__state="imported", statements__kind__in=FINAL_KINDS),
    )
    while last_day.weekday() >= SATURDAY:
        last_day -= dt.timedelta(days=1)
    count = BankAccount.objects.filter(is_active=True).annotate(told=told).filter(told__lt=last_day).count()
    text = ngettext(
        "%(n)d bank account has no statement up to the end of the month",
        "%(n)d bank accounts have no statement up to the end of the month",
        count,
    )
    return Matter(text % {"n": count}, count, reverse("finance:bank-accounts"))


def _statements(first_day: dt.date, last_day: dt.date) -> Matter:
    count = statements(mark="wrong", first=first_day, last=last_day).count()
    text = ngettext(
        "%(n)d bank statement does not add up or follows a gap",
        "%(n)d bank statements do not add up or follow a gap",
        count,
    )
    days = f"first={first_day.isoformat()}&last={last_day.isoformat()}"
    return Matter(text % {"n": count}, count, f"{reverse('finance:bank-statements')}?mark=wrong&{days}")
