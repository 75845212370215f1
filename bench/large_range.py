"""A large range made fast: a thousand products through the models, the rest as copies of them by one statement a table.

A hundred thousand products take half a minute instead of two; triggers hear of each row all the same.
"""

from __future__ import annotations

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Max

from catalogue.models import Category, Product, ProductCategory, ProductImage  # type: ignore[attr-defined]
from catalogue.partner.models import StockRecord
from tests.factories.range import make_many

BASE = 1_000


def make_range(count: int, *, category: Category | None = None) -> None:
    """So many products as ``make_many`` makes them, each with a number of its own in its title and address."""
    copies, rest = divmod(count, BASE)
    if rest:
        make_many(rest, category=category)
    if copies:
        first = make_many(BASE, category=category)[0].pk
        if copies > 1:
            _copy(first, copies - 1)


def _copy(first: int, times: int) -> None:
    """Copy all products from number ``first`` on, with their variants, so many times."""
    step = (Product.objects.aggregate(last=Max("pk"))["last"] or 0) - first + 1
    moved = f"+ k.column1 * {step}"
    number = f"(id {moved})"
    is_page = "parent_id IS NULL"
    changes: dict[type, dict[str, str]] = {
        Product: {
            "id": number,
            "parent_id": f"parent_id {moved}",
            "title": f"CASE WHEN {is_page} THEN 'Schuh ' || {number} ELSE title END",
            "slug": f"CASE WHEN {is_page} THEN 'schuh-' || {number} ELSE slug END",
            "search_text": f"CASE WHEN {is_page} THEN 'schuh shoe ' || {number} ELSE search_text END",
        },
        ProductCategory: {"product_id": f"product_id {moved}"},
        StockRecord: {
            "product_id": f"product_id {moved}",
            "partner_sku": "partner_sku || '-' || k.column1",
        },
        ProductImage: {"product_id": f"product_id {moved}"},
    }
    for model, changed in changes.items():
        _insert(model, changed, f"{'id' if model is Product else 'product_id'} >= {first}", times)
    resets = connection.ops.sequence_reset_sql(no_style(), [Product])
    with connection.cursor() as cursor:
        for statement in resets:
            cursor.execute(statement)


def _insert(model: type, changed: dict[str, str], of: str, times: int) -> None:
    meta = model._meta  # type: ignore[attr-defined]
    columns = [one.column for one in meta.concrete_fields if one.column != "id" or "id" in changed]
    values = ", ".join(changed.get(name, name) for name in columns)
    numbers = ", ".join(f"({k})" for k in range(1, times + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({', '.join(columns)}) "
            f"SELECT {values} FROM {meta.db_table} CROSS JOIN (VALUES {numbers}) AS k WHERE {of}"
        )
