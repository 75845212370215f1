"""Number series: without gaps for documents the law counts, with gaps where waiting would be worse."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction

from .models import NumberSeries
from .transactions import InTransaction, in_transaction, retrying

#: Both databases give back what they wrote, which spares a second journey.
_ADD = f"UPDATE {NumberSeries._meta.db_table} SET last = last + %s WHERE series = %s AND year = %s RETURNING last"


def _advance(series: str, year: int, count: int = 1) -> int:
    last = _add(series, year, count)
    if last is None:
        try:
            with transaction.atomic():
                NumberSeries.objects.create(series=series, year=year, last=count)
            return count
        except IntegrityError:  # another issuer opened the year in the same moment
            last = _add(series, year, count)
    assert last is not None
    return last


def _add(series: str, year: int, count: int) -> int | None:
    """The counter after ``count`` more; None where the series has not begun."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [count, series, year])
        rows = cursor.fetchall()  # all of them: SQLite writes as they are read
    return int(rows[0][0]) if rows else None


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
