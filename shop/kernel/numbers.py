"""Number series: without gaps for documents the law counts, with gaps where waiting would be worse."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F

from .models import NumberSeries
from .transactions import InTransaction, in_transaction, retrying


def _advance(series: str, year: int, count: int = 1) -> int:
    rows = NumberSeries.objects.filter(series=series, year=year).update(last=F("last") + count)
    if not rows:
        try:
            with transaction.atomic():
                NumberSeries.objects.create(series=series, year=year, last=count)
            return count
        except IntegrityError:  # another issuer opened the year in the same moment
            NumberSeries.objects.filter(series=series, year=year).update(last=F("last") + count)
    return NumberSeries.objects.values_list("last", flat=True).get(series=series, year=year)


def next_gapless(series: str, year: int) -> int:
    """The next number of a series that must have no gaps (§ 14 (4) no. 4 UStG and GoBD: invoices, credit notes).

    Must run inside the transaction that issues the document: when that rolls back, the number was never used, and
    two issuers queue at the counter row. Raises InTransaction outside of one.
    """
    if not in_transaction():
        raise InTransaction("a gapless number is taken inside the transaction that issues the document")
    return _advance(series, year)


def next_gapless_block(series: str, year: int, count: int) -> range:
    """The next ``count`` numbers of a gapless series, for many documents in one transaction. As ``next_gapless``."""
    if not in_transaction():
        raise InTransaction("a gapless number is taken inside the transaction that issues the document")
    if count <= 0:
        return range(0)
    last = _advance(series, year, count)
    return range(last - count + 1, last + 1)


def next_with_gaps(series: str, year: int = 0) -> int:
    """The next number of a series that may have gaps (orders), taken and kept at once.

    Runs in a transaction of its own so that long ones never queue at the counter; call it before opening yours
    (inside one it still works, but others then wait until yours ends).
    """
    return retrying(lambda: _advance(series, year))
