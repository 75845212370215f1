"""What an order and an article earn: revenue net, less what the goods cost us, less fees.

Per order everything comes from the documents and the books, over the whole life of the order: fees and losses that were
booked for it (card provider, disputes, bank, write-offs) included. Per article revenue and cost come from the lines of
documents of the days asked for: pieces invoiced less pieces credited, at what a piece cost when it was ordered.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection
from django.utils import timezone

from fulfilment.finance.ledger.models import Account

from .rows import SqlRows, edge, like

COST_ROLES = ("cost_of_goods",)
FEE_ROLES = ("cost_of_payments", "cost_of_disputes", "bank_charges", "rounding", "exchange_losses")
LOSS_PREFIX = "bad_debt_"


def orders(first: dt.date, last: dt.date, search: str, order: str, make: Any) -> SqlRows:
    """Orders placed within the days that have a document: (number, placed, net, cost, fees, margin), minor units."""
    cost, fees = _accounts()
    begin, end = _moment(first), _moment(last + dt.timedelta(days=1))
    ids = [*cost, *fees]
    marks = ", ".join(["%s"] * len(ids))
    with_ = f"""
WITH chosen AS (
  SELECT id, number, date_placed FROM order_order
  WHERE date_placed >= %s AND date_placed < %s AND LOWER(number) LIKE %s ESCAPE '!'
),
moved AS (
  SELECT account_id, subject, balance_minor AS amount FROM reports_subjectbalance
  WHERE currency = 'EUR' AND account_id IN ({marks}) AND subject IN (SELECT 'order:' || number FROM chosen)
  UNION ALL
  SELECT l.account_id, l.subject, l.debit_minor - l.credit_minor
  FROM reports_newentry n JOIN ledger_entryline l ON l.entry_id = n.entry_id
  WHERE l.currency = 'EUR' AND l.account_id IN ({marks})
),
spent AS (
  SELECT subject, SUM(CASE WHEN account_id IN ({", ".join(["%s"] * len(cost))}) THEN amount ELSE 0 END) AS cost,
    SUM(amount) AS everything FROM moved GROUP BY subject
),
sold AS (
  SELECT order_id, SUM(CASE WHEN kind = 'invoice' THEN net_minor ELSE -net_minor END) AS net
  FROM invoicing_invoice WHERE order_id IN (SELECT id FROM chosen) GROUP BY order_id
)"""
    select = """SELECT c.number, c.date_placed AS placed, CAST(s.net AS BIGINT) AS net_minor,
  CAST(COALESCE(p.cost, 0) AS BIGINT) AS cost_minor,
  CAST(COALESCE(p.everything - p.cost, 0) AS BIGINT) AS fees_minor,
  CAST(s.net - COALESCE(p.everything, 0) AS BIGINT) AS margin_minor
FROM chosen c JOIN sold s ON s.order_id = c.id LEFT JOIN spent p ON p.subject = 'order:' || c.number"""
    values = [begin, end, like(search), *ids, *ids, *cost]
    sums = ["SUM(net_minor)", "SUM(cost_minor)", "SUM(fees_minor)", "SUM(margin_minor)"]
    best = "margin_minor DESC, number"
    return SqlRows(select, values, order, make, with_=with_, sums=sums, best=best)


def articles(first: dt.date, last: dt.date, search: str, order: str, make: Any) -> SqlRows:
    """Articles on documents of the days: (sku, name, pieces, net, cost, margin), amounts in minor units."""
    select = """SELECT sku, MAX(name) AS name, CAST(SUM(pieces) AS BIGINT) AS pieces,
  CAST(SUM(net) AS BIGINT) AS net_minor, CAST(SUM(cost) AS BIGINT) AS cost_minor,
  CAST(SUM(net) - SUM(cost) AS BIGINT) AS margin_minor
FROM (
  SELECT l.sku, l.name,
    CASE WHEN l.order_line_id IS NULL THEN 0 WHEN i.kind = 'invoice' THEN l.quantity ELSE -l.quantity END AS pieces,
    CASE WHEN i.kind = 'invoice' THEN l.gross_minor - l.vat_minor ELSE l.vat_minor - l.gross_minor END AS net,
    CASE WHEN i.kind = 'invoice' THEN 1 ELSE -1 END * l.quantity * COALESCE(o.unit_cost_minor, 0) AS cost
  FROM invoicing_invoice i JOIN invoicing_invoiceline l ON l.invoice_id = i.id
  LEFT JOIN order_line o ON o.id = l.order_line_id
  WHERE i.currency = 'EUR' AND i.issued_on >= %s AND i.issued_on <= %s
    AND (LOWER(l.sku) LIKE %s ESCAPE '!' OR LOWER(l.name) LIKE %s ESCAPE '!')
) AS sold GROUP BY sku"""
    values = [edge(first), edge(last), like(search), like(search)]
    sums = ["SUM(pieces)", "SUM(net_minor)", "SUM(cost_minor)", "SUM(margin_minor)"]
    return SqlRows(select, values, order, make, sums=sums, best="margin_minor DESC, sku")


def rate_bp(margin_minor: int, net_minor: int) -> int | None:
    """The margin in basis points of the revenue; None without revenue."""
    return round(margin_minor * 10_000 / net_minor) if net_minor > 0 else None


def _accounts() -> tuple[list[int], list[int]]:
    roles = dict(Account.objects.exclude(role="").values_list("role", "pk"))
    fees = [pk for role, pk in roles.items() if role in FEE_ROLES or role.startswith(LOSS_PREFIX)]
    return [roles[role] for role in COST_ROLES], sorted(fees)


def _moment(day: dt.date) -> Any:
    """Midnight where the shop is, as the database keeps moments."""
    begin = timezone.make_aware(dt.datetime.combine(day, dt.time()))
    return connection.ops.adapt_datetimefield_value(begin)
