"""One question for all tests of finance: do the books hold?"""

from __future__ import annotations

from fulfilment.finance.invoicing import verify as invoicing
from fulfilment.finance.ledger import verify as ledger
from fulfilment.finance.reconciliation import verify as reconciliation
from fulfilment.finance.reports import verify as reports


def problems(*, without: tuple[str, ...] = ("every dispatched parcel is invoiced once",)) -> list[str]:
    """What `manage.py verify` would say of finance. Tests that tell of parcels without making them leave that out."""
    checks = [*ledger.CHECKS, *invoicing.CHECKS, *reconciliation.CHECKS, *reports.CHECKS]
    return [sentence for name, check in checks if name not in without for sentence in check()]
