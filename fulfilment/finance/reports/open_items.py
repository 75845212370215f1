"""What customers owe, and what they paid in advance, at the end of any day.

Both come from the books: a sub-account of the receivable is an order, and its balance that day is what the order owes
or has in credit. What an order owes is laid on its invoices as money is: the oldest is paid first (§ 366 (2) BGB), so
the rest stands on those that fell due last. The sum is the balance of the account, whatever happened since.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from checkout.order.models import Order
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import BUCKETS, Bucket
from fulfilment.finance.ledger.models import Account
from shop.kernel.money import split, to_minor, vat_from_gross

from . import balances
from .rows import SqlRows, day_of, edge, json_text, like, records

ORDER_PREFIX = len("order:") + 1  #: where the number begins, as SQL counts


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a day, an age (code of a bucket, "" all), words, one customer (key, "" all)."""

    day: dt.date
    age: str = ""
    search: str = ""
    customer: str = ""
    currency: str = "EUR"


def receivable_id() -> int:
    """The account of what customers owe."""
    return int(Account.objects.values_list("pk", flat=True).get(role="receivable"))


def table(asked: Asked, *, orders: bool = False, papers: bool = False) -> tuple[str, list[Any]]:
    """Table expressions ending in ``items``, and their parameters.

    items: (invoice_id, number, order_number, issued_on, due_on, open_minor, customer, name); an order that owes more
    than its invoices has a row without one. orders: look into the orders for ``customer``; papers: into the documents
    for ``number`` and ``name``; else these are "". Each look costs as much as all the rest together, because what is
    open lies scattered among everything that was paid.
    """
    customer = "COALESCE('user:' || ord.user_id, 'mail:' || LOWER(ord.guest_email), '')" if orders else "''"
    joins = "LEFT JOIN order_order ord ON ord.number = b.order_number " if orders else ""
    joins += "LEFT JOIN invoicing_invoice paper ON paper.id = b.id" if papers else ""
    sql = f"""
WITH {balances.subjects_sql()},
claims AS (
  SELECT o.subject, i.id, i.issued_on, i.due_on, i.gross_minor, o.balance,
    SUM(i.gross_minor) OVER (PARTITION BY o.subject ORDER BY i.due_on DESC, i.id DESC) AS upto,
    COALESCE(SUM(i.gross_minor) OVER (PARTITION BY o.subject), 0) AS whole,
    ROW_NUMBER() OVER (PARTITION BY o.subject ORDER BY i.due_on DESC, i.id DESC) AS place
  FROM owed o LEFT JOIN invoicing_invoice i ON i.order_number = SUBSTR(o.subject, {ORDER_PREFIX})
    AND i.kind = 'invoice' AND i.issued_on <= %s
    AND NOT EXISTS (SELECT 1 FROM invoicing_invoice c
      WHERE c.corrects_id = i.id AND c.kind = 'cancellation' AND c.issued_on <= %s)
  WHERE o.balance > 0
),
both_kinds AS (
  SELECT id, SUBSTR(subject, {ORDER_PREFIX}) AS order_number, issued_on, due_on,
    CASE WHEN balance - upto >= 0 THEN gross_minor ELSE balance - upto + gross_minor END AS open_minor
  FROM claims WHERE id IS NOT NULL AND balance - upto + gross_minor > 0
  UNION ALL
  SELECT NULL, SUBSTR(subject, {ORDER_PREFIX}), NULL, NULL, balance - whole
  FROM claims WHERE place = 1 AND balance > whole
),
items AS (
  SELECT b.id AS invoice_id, {"COALESCE(paper.number, '')" if papers else "''"} AS number, b.order_number,
    b.issued_on, b.due_on, CAST(b.open_minor AS BIGINT) AS open_minor, {customer} AS customer,
    {_name_sql("paper", customer) if papers else "''"} AS name
  FROM both_kinds b {joins}
)"""
    values = [
        *balances.subjects_values(receivable_id(), asked.day, asked.currency),
        edge(asked.day),
        edge(asked.day),
    ]
    return sql, values


def _name_sql(paper: str, customer: str) -> str:
    """SQL of a customer's name: that on the document ``paper``, else the address of a guest."""
    name = json_text(f"{paper}.buyer", "name")
    return (
        f"COALESCE(NULLIF({name}, ''), "
        f"CASE WHEN {customer} LIKE 'mail:%%' THEN SUBSTR({customer}, {len('mail:') + 1}) ELSE '' END)"
    )


def where(asked: Asked) -> tuple[str, list[Any]]:
    """The condition on ``items`` for what is asked, and its parameters."""
    parts, values = ["1 = 1"], []
    for code, low, high in BUCKETS:
        if code == asked.age and high is not None:
            parts.append("(due_on >= %s OR due_on IS NULL)" if code == "not_due" else "due_on >= %s")
            values.append(edge(asked.day - dt.timedelta(days=high)))
        if code == asked.age and low is not None:
            parts.append("due_on <= %s")
            values.append(edge(asked.day - dt.timedelta(days=low)))
    if asked.search:
        parts.append(
            "(LOWER(number) LIKE %s ESCAPE '!' OR LOWER(order_number) LIKE %s ESCAPE '!' "
            "OR LOWER(name) LIKE %s ESCAPE '!' OR customer LIKE %s ESCAPE '!')"
        )
        values += [like(asked.search)] * 4
    if asked.customer:
        parts.append("customer = %s")
        values.append(asked.customer)
    return " AND ".join(parts), values


def items(asked: Asked, order: str, make: Any, *, papers: bool = False) -> SqlRows:
    """Every open item: (invoice_id, number, order_number, issued_on, due_on, open_minor, customer, name, and what of it
    has which age, then whether it has). Sums: open, then per age amount and number.

    papers: number and name are part of the statement, for ``order`` by one of them and for many rows; else they are
    looked up for the rows that are made (two queries).
    """
    papers = papers or bool(asked.search)
    with_, values = table(asked, orders=papers or bool(asked.customer), papers=papers)
    condition, more = where(asked)
    ages, edges = _ages(asked.day)
    select = f"SELECT *, {ages} FROM items WHERE {condition}"
    given = make if papers else lambda found: make(_filled(found))
    return SqlRows(select, [*values, *edges, *more], order, given, with_=with_, sums=_sums("open_minor"))


def _filled(found: Sequence[Any]) -> list[Any]:
    """Items with number, customer and name, as ``table`` gives them with papers. Two queries."""
    papers = {
        pk: (number, name or "")
        for pk, number, name in Invoice.objects.filter(
            pk__in=[row[0] for row in found if row[0]]
        ).values_list("pk", "number", "buyer__name")
    }
    orders = {
        number: f"user:{user}" if user else f"mail:{email.lower()}" if email else ""
        for number, user, email in Order.objects.filter(number__in={row[2] for row in found}).values_list(
            "number", "user_id", "guest_email"
        )
    }
    filled = []
    for invoice_id, _number, order_number, issued, due, owed, _customer, _name, *ages in found:
        number, name = papers.get(invoice_id, ("", ""))
        customer = orders.get(order_number, "")
        name = name or (customer.removeprefix("mail:") if customer.startswith("mail:") else "")
        filled.append((invoice_id, number, order_number, issued, due, owed, customer, name, *ages))
    return filled


def customers(asked: Asked, order: str, make: Any) -> SqlRows:
    """Per customer: (customer, name, open, per age amount and number, number). Sums as of ``items``, and number. The
    name is that on their newest open invoice."""
    with_, values = table(asked, orders=True, papers=bool(asked.search))
    condition, more = where(asked)
    ages, edges = _ages(asked.day)
    columns = _age_columns()
    summed = ", ".join(f"SUM({name}) AS {name}" for name in columns)
    select = f"""SELECT per.customer, {_name_sql("paper", "per.customer")} AS name, per.owed_minor,
  {", ".join(f"per.{name}" for name in columns)}, per.many
FROM (
  SELECT customer, MAX(invoice_id) AS newest, SUM(open_minor) AS owed_minor, {summed}, COUNT(*) AS many
  FROM (SELECT *, {ages} FROM items WHERE {condition}) AS aged GROUP BY customer
) AS per LEFT JOIN invoicing_invoice paper ON paper.id = per.newest"""
    sums = [*_sums("owed_minor"), "SUM(many)"]
    return SqlRows(select, [*values, *edges, *more], order, make, with_=with_, sums=sums)


def _age_columns() -> list[str]:
    return [column for code, _low, _high in BUCKETS for column in (code, f"n_{code}")]


def _sums(amount: str) -> list[str]:
    return [f"SUM({column})" for column in (amount, *_age_columns())]


def _ages(day: dt.date) -> tuple[str, list[Any]]:
    """Two columns per age: what of an item has it, and 1 when it has; with their parameters."""
    columns, values = [], []
    for code, low, high in BUCKETS:
        conditions, edges = [], []
        if high is not None:
            conditions.append("(due_on >= %s OR due_on IS NULL)" if code == "not_due" else "due_on >= %s")
            edges.append(edge(day - dt.timedelta(days=high)))
        if low is not None:
            conditions.append("due_on <= %s")
            edges.append(edge(day - dt.timedelta(days=low)))
        for value, name in (("open_minor", code), ("1", f"n_{code}")):
            columns.append(f"CASE WHEN {' AND '.join(conditions)} THEN {value} ELSE 0 END AS {name}")
            values += edges
    return ", ".join(columns), values


def buckets_of(totals: Sequence[int]) -> list[Bucket]:
    """Ageing out of the totals of ``items`` or ``customers``, oldest last."""
    return [
        Bucket(code, totals[3 + at * 2], totals[2 + at * 2]) for at, (code, _low, _high) in enumerate(BUCKETS)
    ]


def ageing(asked: Asked) -> list[Bucket]:
    """Open items by age at the end of the day whatever age is asked for, oldest last. One statement."""
    return buckets_of(items(replace(asked, age=""), "due_on", list).totals())


@dataclass(frozen=True, slots=True)
class Advance:
    """An order in credit at the end of a day, in minor units.

    advance_minor: of the credit, for goods not invoiced yet; the rest was overpaid and carries no VAT.
    vat: country and rate -> (gross, VAT inside).
    """

    order_number: str
    placed_on: dt.date | None
    customer: str
    name: str
    credit_minor: int
    advance_minor: int
    vat: dict[tuple[str, int], tuple[int, int]]

    @property
    def vat_minor(self) -> int:
        """The VAT inside, due with the money: § 13 (1) Nr. 1 a sentence 4 UStG."""
        return sum(tax for _gross, tax in self.vat.values())


def advances(day: dt.date, currency: str = "EUR") -> list[Advance]:
    """Orders in credit at the end of ``day``, largest first. Two statements."""
    account = receivable_id()
    sql = f"""
WITH {balances.subjects_sql()}
SELECT ord.number, ord.date_placed, COALESCE('user:' || ord.user_id, 'mail:' || LOWER(ord.guest_email), ''),
  COALESCE(ord.guest_email, ''), -o.balance, ord.vat_country, ord.shipping_rate_bp, ord.shipping_incl_tax,
  line.vat_rate_bp, SUM(line.gross_minor - line.cancelled_minor),
  COALESCE((SELECT SUM(i.gross_minor) FROM invoicing_invoice i WHERE i.order_id = ord.id AND i.kind = 'invoice'
    AND i.issued_on <= %s AND NOT EXISTS (SELECT 1 FROM invoicing_invoice c
      WHERE c.corrects_id = i.id AND c.kind = 'cancellation' AND c.issued_on <= %s)), 0)
FROM owed o JOIN order_order ord ON ord.number = SUBSTR(o.subject, {ORDER_PREFIX})
LEFT JOIN order_line line ON line.order_id = ord.id
WHERE o.balance < 0
GROUP BY ord.id, ord.number, ord.date_placed, ord.user_id, ord.guest_email, o.balance, ord.vat_country,
  ord.shipping_rate_bp, ord.shipping_incl_tax, line.vat_rate_bp
"""
    values = [*balances.subjects_values(account, day, currency), edge(day), edge(day)]
    by_order: dict[str, list[Any]] = defaultdict(list)
    for row in records(sql, values):
        by_order[row[0]].append(row)
    found = [_advance(number, rows) for number, rows in by_order.items()]
    return sorted(found, key=lambda one: (-one.credit_minor, one.order_number))


def _advance(number: str, rows: Sequence[Any]) -> Advance:
    """One order: its credit is spread over the VAT rates of what it ordered, as it was ordered."""
    _number, placed, customer, name, credit, country, shipping_rate, shipping, *_rest = rows[0]
    gross: dict[int, int] = defaultdict(int)
    for row in rows:
        if row[8] is not None:
            gross[int(row[8])] += int(row[9])
    shipping_minor = to_minor(Decimal(str(shipping or 0)))
    if shipping_minor:
        gross[int(shipping_rate)] += shipping_minor
    left = max(0, sum(gross.values()) - int(rows[0][10]))
    advance = min(int(credit), left)
    rates = sorted(rate for rate in gross if gross[rate])
    shares = split(advance, [gross[rate] for rate in rates]) if rates and advance else []
    vat = {
        (country, rate): (part, vat_from_gross(part, rate)) for rate, part in zip(rates, shares, strict=False)
    }
    return Advance(number, day_of(placed), customer, name, int(credit), advance, vat)


def names_of(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Customer key -> (name, e-mail) of those with an account. One query."""
    from shop.customers.models import User

    ids = [int(key.removeprefix("user:")) for key in keys if key.startswith("user:")]
    rows = User.objects.filter(pk__in=ids).values_list("pk", "first_name", "last_name", "email")
    return {f"user:{pk}": (f"{first} {last}".strip() or email, email) for pk, first, last, email in rows}
