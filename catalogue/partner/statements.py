"""The statements at which everybody waits who wants the same SKU, written in SQL.

Building them anew by the ORM each time took several times as long as running them, and while one buyer's statements
travel one by one the row stays locked for the others (bench/hot_sku.py measures it; decision 0041). PostgreSQL does a
whole promise, and a whole giving back, in one call of a function (functions.py): one journey, planned once per
connection. SQLite has no functions; there the statements follow each other while the one write lock is held.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, IntegerField, Q, Value, When

from shop.kernel.models import StateChange

from . import functions
from .models import Reservation, StockRecord
from .states import RESERVATION

_STOCK, _RESERVED, _HISTORY = (model._meta.db_table for model in (StockRecord, Reservation, StateChange))
_OPEN = RESERVATION.initial

_PROMISE = (
    f"UPDATE {_STOCK} SET num_allocated = num_allocated + %s "
    "WHERE id = %s AND (backorderable OR num_in_stock >= num_allocated + %s)"
)
_UNPROMISE = f"UPDATE {_STOCK} SET num_allocated = num_allocated - %s WHERE id = %s AND num_allocated >= %s"

# Who promises several articles takes their rows in SKU order, so that two orders never wait for each other crosswise:
# an UPDATE alone takes them in any order. Each row is judged as it is once it is held, not as it was before the wait.
_PROMISE_ALL = (
    f"WITH held AS MATERIALIZED (SELECT id FROM {_STOCK} WHERE id = ANY(%s::bigint[]) "
    "ORDER BY partner_sku, id FOR NO KEY UPDATE), "
    "wanted AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS t(id, pieces)) "
    f"UPDATE {_STOCK} SET num_allocated = num_allocated + wanted.pieces FROM held JOIN wanted USING (id) "
    f"WHERE {_STOCK}.id = held.id AND (backorderable OR num_in_stock >= num_allocated + wanted.pieces)"
)

_INSERT = (
    f"INSERT INTO {_RESERVED} (stockrecord_id, order_line_id, order_id, quantity, quantity_left, state, expires_at, "
    f"created_at) VALUES (%s, %s, %s, %s, %s, '{_OPEN}', %s, %s)"
)

# What is read first is still true at the end: nobody else writes meanwhile.
_OF_ORDER = f"order_id = %s AND state = '{_OPEN}'"
_COUNT = f"SELECT COUNT(*), COALESCE(SUM(quantity_left), 0) FROM {_RESERVED} WHERE {_OF_ORDER}"
_GIVE_BACK = (
    f"UPDATE {_STOCK} SET num_allocated = num_allocated - (SELECT SUM(quantity_left) FROM {_RESERVED} "
    f"WHERE stockrecord_id = {_STOCK}.id AND {_OF_ORDER}) "
    f"WHERE id IN (SELECT stockrecord_id FROM {_RESERVED} WHERE {_OF_ORDER})"
)

_TELL = (
    f"INSERT INTO {_HISTORY} (machine, thing_id, old, new, by_id, why, at) "
    f"SELECT '{RESERVATION.name}', id, '{_OPEN}', %s, %s, %s, %s FROM {_RESERVED} WHERE {_OF_ORDER}"
)
_CLOSE = f"UPDATE {_RESERVED} SET state = %s, quantity_left = 0 WHERE {_OF_ORDER}"

_RESERVE_AT_ONCE = f"SELECT {functions.RESERVE}(%s, %s, %s, %s, %s, %s)"
_RELEASE_AT_ONCE = f"SELECT {functions.RELEASE}(%s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class NewReservation:
    """A row of ``Reservation`` to be: pieces of one stock record for one order line."""

    stockrecord_id: int
    order_line_id: int
    order_id: int
    quantity: int
    expires_at: dt.datetime | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """The open reservations of an order come to state ``to``: who (id of the user; None: the system), why and when."""

    order_id: int
    to: str
    by_id: int | None
    why: str
    at: dt.datetime


def promise(stockrecord_id: int, quantity: int) -> bool:
    """Promise pieces when so many are free. False: they are not, and nothing was changed. One query."""
    return bool(_rows(_PROMISE, quantity, stockrecord_id, quantity))


def promise_all(wanted: dict[int, int]) -> int:
    """Promise pieces of several stock records (id -> pieces), of each that has so many free. Returns of how many: where
    it is fewer than wanted, the caller rolls back. One query."""
    if _at_once():
        return _rows(_PROMISE_ALL, list(wanted), list(wanted), list(wanted.values()))
    quantity = Case(
        *[When(pk=pk, then=Value(pieces)) for pk, pieces in wanted.items()],
        default=Value(0),
        output_field=IntegerField(),
    )
    enough = Q(backorderable=True) | Q(num_in_stock__gte=F("num_allocated") + quantity)
    # SQLite: the transaction holds the only write lock, the order of the rows is all one.
    rows = StockRecord.objects.filter(enough, pk__in=wanted)
    return rows.update(num_allocated=F("num_allocated") + quantity)


def unpromise(stockrecord_id: int, quantity: int) -> bool:
    """Take a promise back. False: fewer are promised, and nothing was changed. One query."""
    return bool(_rows(_UNPROMISE, quantity, stockrecord_id, quantity))


def reserve(row: NewReservation) -> bool:
    """Promise the pieces and write the reservation, both or none. False: so many are not free.

    One query on PostgreSQL, two on SQLite (and a transaction where none is open). IntegrityError when the order line
    has a reservation.
    """
    sku, pieces = row.stockrecord_id, row.quantity
    expires_at, created_at = _moment(row.expires_at), _moment(row.created_at)
    if _at_once():
        values = [sku, row.order_line_id, row.order_id, pieces, expires_at, created_at]
        return bool(_numbers(_RESERVE_AT_ONCE, *values)[0])
    with transaction.atomic(savepoint=False):
        promised = promise(sku, pieces)
        if promised:
            _rows(_INSERT, sku, row.order_line_id, row.order_id, pieces, pieces, expires_at, created_at)
        return promised


def release(closing: Closing) -> int:
    """Close an order's open reservations, write their history and free the pieces. Returns how many pieces.

    One query on PostgreSQL, four on SQLite (one when nothing is reserved). IntegrityError when fewer are promised.
    """
    order, to = closing.order_id, closing.to
    history = [to, closing.by_id, closing.why[: StateChange.WHY_MAX_CHARS], _moment(closing.at)]
    if _at_once():
        return _numbers(_RELEASE_AT_ONCE, order, *history)[0]
    with transaction.atomic(savepoint=False):
        rows, pieces = _numbers(_COUNT, order)
        if rows:
            _rows(_GIVE_BACK, order, order)
            _rows(_TELL, *history, order)
            _rows(_CLOSE, to, order)
        return pieces


def _at_once() -> bool:
    """Whether the database has our functions."""
    return connection.vendor == "postgresql"


def _moment(moment: dt.datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _rows(statement: str, *values: Any) -> int:
    """How many rows a statement changed."""
    with transaction.mark_for_rollback_on_error(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _numbers(statement: str, *values: Any) -> tuple[int, ...]:
    """The one row of whole numbers that a statement answers."""
    with transaction.mark_for_rollback_on_error(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return tuple(int(value) for value in cursor.fetchone())
