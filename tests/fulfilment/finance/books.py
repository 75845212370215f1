"""One question for all tests of finance: do the books hold?"""

from __future__ import annotations

import datetime as dt

from fulfilment.finance.invoicing import verify as invoicing
from fulfilment.finance.ledger import verify as ledger
from fulfilment.finance.ledger.models import Period
from fulfilment.finance.reconciliation import verify as reconciliation
from fulfilment.finance.reports import verify as reports


def problems(*, without: tuple[str, ...] = ("every dispatched parcel is invoiced once",)) -> list[str]:
    """What `manage.py verify` would say of finance. Tests that tell of parcels without making them leave that out."""
    checks = [*ledger.CHECKS, *invoicing.CHECKS, *reconciliation.CHECKS, *reports.CHECKS]
    return [sentence for name, check in checks if name not in without for sentence in check()]


def closed(first_day: dt.date, last_day: dt.date, state: str = "hard") -> Period:
    """A stretch of days that was closed, however it came to it."""
    return Period.objects.create(first_day=first_day, last_day=last_day, state=state)
