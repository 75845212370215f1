"""The whole promise of an order line, and its end, as functions inside PostgreSQL: one journey each, planned once.

Sent as a statement with WITH they cost the database more to plan than to run, which sixteen buyers of one SKU all
wait for. The functions are put in place after every migrate, so that what runs is always what stands here; who changes
their arguments gives them a new name, because the old code still calls the old one while it is replaced.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from shop.kernel.models import StateChange

from .models import Reservation, StockRecord
from .states import RESERVATION

RESERVE, RELEASE = "partner_reserve_line_1", "partner_release_order_1"

_STOCK, _RESERVED, _HISTORY = (model._meta.db_table for model in (StockRecord, Reservation, StateChange))
_OPEN = RESERVATION.initial

#: 1: pieces promised and the reservation written; 0: so many are not free, nothing was changed.
_RESERVE_BODY = f"""
CREATE OR REPLACE FUNCTION {RESERVE}(
    sku bigint, line bigint, of_order bigint, pieces bigint, expires timestamptz, moment timestamptz
) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    UPDATE {_STOCK} SET num_allocated = num_allocated + pieces
        WHERE id = sku AND (backorderable OR num_in_stock >= num_allocated + pieces);
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    INSERT INTO {_RESERVED} (
        stockrecord_id, order_line_id, order_id, quantity, quantity_left, state, expires_at, created_at
    ) VALUES (sku, line, of_order, pieces, pieces, '{_OPEN}', expires, moment);
    RETURN 1;
END $$
"""

#: How many pieces are free again. The reservations are held first (a parcel that leaves is waited for, and what it
#: took is not counted); the stock records come last and in SKU order, as every writer takes them.
_RELEASE_BODY = f"""
CREATE OR REPLACE FUNCTION {RELEASE}(
    of_order bigint, target text, actor bigint, reason text, moment timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    held bigint[];
    stock record;
    freed bigint := 0;
BEGIN
    SELECT array_agg(id) INTO held FROM (
        SELECT id FROM {_RESERVED} WHERE order_id = of_order AND state = '{_OPEN}' ORDER BY id FOR NO KEY UPDATE
    ) AS rows;
    IF held IS NULL THEN
        RETURN 0;
    END IF;
    INSERT INTO {_HISTORY} (machine, thing_id, old, new, by_id, why, at)
        SELECT '{RESERVATION.name}', id, '{_OPEN}', target, actor, reason, moment FROM unnest(held) AS id;
    FOR stock IN
        SELECT record.id, SUM(reserved.quantity_left) AS pieces
        FROM {_RESERVED} AS reserved JOIN {_STOCK} AS record ON record.id = reserved.stockrecord_id
        WHERE reserved.id = ANY(held) GROUP BY record.id ORDER BY record.partner_sku, record.id
    LOOP
        UPDATE {_STOCK} SET num_allocated = num_allocated - stock.pieces WHERE id = stock.id;
        freed := freed + stock.pieces;
    END LOOP;
    UPDATE {_RESERVED} SET state = target, quantity_left = 0 WHERE id = ANY(held);
    RETURN freed;
END $$
"""


def install(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Put the functions in place, where there are functions; safe to repeat. Receiver of ``post_migrate``."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for statement in (_RESERVE_BODY, _RELEASE_BODY):
            cursor.execute(statement)
