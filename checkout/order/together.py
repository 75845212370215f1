"""Which articles are bought together: counted each night over the orders of a year, by two statements whatever their
number. Nobody's order can be read from it: a pair counts from MIN_ORDERS orders on."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from catalogue.models import BoughtTogether, Product
from shop.kernel.clock import now

from .models import Line, Order

LOOK_BACK = dt.timedelta(days=365)
MIN_ORDERS = 2  #: of one order alone nothing is told
KEPT = 8  #: others per article
ARTICLES_MAX = 50  #: an order of more articles says nothing about what goes together
COUNTED = ("confirmed", "in_fulfilment", "completed")

_COUNT = """
INSERT INTO {together} (product_id, other_id, orders)
WITH bought AS (
    SELECT DISTINCT line.order_id, COALESCE(item.parent_id, item.id) AS product
    FROM {line} line JOIN {order} placed ON placed.id = line.order_id JOIN {product} item ON item.id = line.product_id
    WHERE placed.date_placed >= %s AND placed.status IN (%s, %s, %s) AND line.quantity_cancelled < line.quantity
), told AS (
    SELECT order_id, product FROM bought
    WHERE order_id IN (SELECT order_id FROM bought GROUP BY order_id HAVING COUNT(*) BETWEEN 2 AND %s)
), pairs AS (
    SELECT one.product AS product, other.product AS other, COUNT(*) AS orders
    FROM told one JOIN told other ON other.order_id = one.order_id AND other.product <> one.product
    GROUP BY one.product, other.product HAVING COUNT(*) >= %s
), ranked AS (
    SELECT product, other, orders,
           ROW_NUMBER() OVER (PARTITION BY product ORDER BY orders DESC, other DESC) AS place
    FROM pairs
)
SELECT product, other, orders FROM ranked WHERE place <= %s
"""


def count_together() -> int:
    """Count anew which articles are bought together; returns the number of pairs kept. Two statements and a count."""
    tables = {
        "together": BoughtTogether._meta.db_table,
        "line": Line._meta.db_table,
        "order": Order._meta.db_table,
        "product": Product._meta.db_table,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        BoughtTogether.objects.all()._raw_delete(BoughtTogether.objects.db)
        since = connection.ops.adapt_datetimefield_value(now() - LOOK_BACK)
        cursor.execute(_COUNT.format(**tables), [since, *COUNTED, ARTICLES_MAX, MIN_ORDERS, KEPT])
    return BoughtTogether.objects.count()
