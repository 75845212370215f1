"""An invoice of 1,000 EUR that nobody pays, and the letters of the weeks after it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fulfilment.finance.dunning.actions import run
from fulfilment.finance.invoicing.models import Invoice
from tests.factories.finance import invoice_for
from tests.factories.shopping import make_user

ISSUED = dt.date(2026, 9, 1)  # a Tuesday; due on Tuesday, 15 September
AFTER = dt.date(2026, 10, 30)


@pytest.fixture
def debt(clock: Any) -> Invoice:
    """Asked for at every level, the last term over."""
    clock.on(ISSUED)
    invoice = invoice_for(make_user("anna@example.org"), price_minor=100_000)
    for offset in range(60):
        run(day=dt.date(2026, 9, 16) + dt.timedelta(days=offset))
    clock.on(dt.date(2026, 11, 20))
    return invoice
