"""The statements at which everybody waits who wants the same SKU, written in SQL.

Building them anew by the ORM each time took several times as long as running them, and while one buyer's statements
travel one by one the row stays locked for the others (bench/stock_bench.py measures it; decision 0041). PostgreSQL does
a whole promise, and a whole giving back, in one statement: one journey, and the row is locked for no longer than it
takes. SQLite cannot change rows in a WITH; there statements follow each other while the one write lock is held.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from shop.kernel.models import StateChange

from .models import Reservation, StockRecord
from .states import RESERVATION

_STOCK, _RESERVED, _HISTORY = (model._meta.db_table for model in (StockRecord, Reservation, StateChange))
_OPEN = RESERVATION.initial

_PROMISE = (
    f"UPDATE {_STOCK} SET num_allocated = num_allocated + %s "
    "WHERE id = %s AND (backorderable OR num_in_stock >= num_allocated + %s)"
)
_UNPROMISE = f"UPDATE {_STOCK} SET num_allocated = num_allocated - %s WHERE id = %s AND num_allocated >= %s"

_INSERT = (
    f"INSERT INTO {_RESERVED} (stockrecord_id, order_line_id, order_id, quantity, quantity_left, state, expires_at, "
    f"created_at) SELECT id, %s, %s, %s, %s, '{_OPEN}', %s, %s "
)
_INSERT_AFTER = _INSERT + f"FROM {_STOCK} WHERE id = %s"
_PROMISE_AND_INSERT = f"WITH taken AS ({_PROMISE} RETURNING id) {_INSERT} FROM taken"

_CLOSE = f"UPDATE {_RESERVED} SET state = %s, quantity_left = 0"
_TELL = (
    f"INSERT INTO {_HISTORY} (machine, thing_id, old, new, by_id, why, at) "
    f"SELECT '{RESERVATION.name}', id, '{_OPEN}', %s, %s, %s, %s FROM "
)
_OF_ORDER = f"order_id = %s AND state = '{_OPEN}'"

# One after the other, for a database with one writer: what is read first is still true at the end.
_COUNT = f"SELECT COUNT(*), COALESCE(SUM(quantity_left), 0) FROM {_RESERVED} WHERE {_OF_ORDER}"
_GIVE_BACK = (
    f"UPDATE {_STOCK} SET num_allocated = num_allocated - (SELECT SUM(quantity_left) FROM {_RESERVED} "
    f"WHERE stockrecord_id = {_STOCK}.id AND {_OF_ORDER}) "
    f"WHERE id IN (SELECT stockrecord_id FROM {_RESERVED} WHERE {_OF_ORDER})"
)

# All at once. First the reservations are held (a parcel that is leaving is waited for, and what it took is no longer
# counted), then the stock records in SKU order, as every writer holds them.
_RELEASE_AT_ONCE = f"""
WITH held AS MATERIALIZED (
    SELECT id, stockrecord_id, quantity_left FROM {_RESERVED} WHERE {_OF_ORDER} ORDER BY id FOR NO KEY UPDATE
), closed AS (
    {_CLOSE} FROM held WHERE {_RESERVED}.id = held.id
), told AS (
    {_TELL} held
), stock AS MATERIALIZED (
    SELECT id, (SELECT SUM(quantity_left) FROM held WHERE stockrecord_id = {_STOCK}.id) AS pieces FROM {_STOCK}
    WHERE id IN (SELECT stockrecord_id FROM held) ORDER BY partner_sku, id FOR NO KEY UPDATE
), given AS (
    UPDATE {_STOCK} SET num_allocated = num_allocated - stock.pieces FROM stock WHERE {_STOCK}.id = stock.id
)
SELECT COALESCE(SUM(quantity_left), 0) FROM held
"""


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


def unpromise(stockrecord_id: int, quantity: int) -> bool:
    """Take a promise back. False: fewer are promised, and nothing was changed. One query."""
    return bool(_rows(_UNPROMISE, quantity, stockrecord_id, quantity))


def reserve(row: NewReservation) -> bool:
    """Promise the pieces and write the reservation, both or none. False: so many are not free.

    One query on PostgreSQL, two on SQLite (and a transaction where none is open). IntegrityError when the order line
    has a reservation.
    """
    values = [
        row.order_line_id, row.order_id, row.quantity, row.quantity, _moment(row.expires_at),
        _moment(row.created_at),
    ]  # fmt: skip
    if _at_once():
        return bool(_rows(_PROMISE_AND_INSERT, row.quantity, row.stockrecord_id, row.quantity, *values))
    with transaction.atomic(savepoint=False):
        promised = promise(row.stockrecord_id, row.quantity)
        return promised and bool(_rows(_INSERT_AFTER, *values, row.stockrecord_id))


def release(closing: Closing) -> int:
    """Close an order's open reservations, write their history and free the pieces. Returns how many pieces.

    One query on PostgreSQL, four on SQLite (one when nothing is reserved). IntegrityError when fewer are promised.
    """
    order, to = closing.order_id, closing.to
    history = [to, closing.by_id, closing.why[: StateChange.WHY_MAX_CHARS], _moment(closing.at)]
    if _at_once():
        return _number(_RELEASE_AT_ONCE, order, to, *history)[0]
    with transaction.atomic(savepoint=False):
        rows, pieces = _number(_COUNT, order)
        if rows:
            _rows(_GIVE_BACK, order, order)
            _rows(f"{_TELL} {_RESERVED} WHERE {_OF_ORDER}", *history, order)
            _rows(f"{_CLOSE} WHERE {_OF_ORDER}", to, order)
        return pieces


def _at_once() -> bool:
    """Whether the database can change several tables in one statement."""
    return connection.vendor == "postgresql"


def _moment(moment: dt.datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _rows(statement: str, *values: Any) -> int:
    """How many rows a statement changed."""
    with transaction.mark_for_rollback_on_error(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _number(statement: str, *values: Any) -> tuple[int, ...]:
    """The one row of whole numbers that a statement answers."""
    with transaction.mark_for_rollback_on_error(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return tuple(int(value) for value in cursor.fetchone())
