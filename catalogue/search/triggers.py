"""The index hears what changes from the database itself: whoever writes, in whatever way, leaves a row in ``Changed``.

Stock speaks only when it turns: from some to none or back. So the statements at which all buyers of one SKU wait cost
what they did before, and no path (bulk updates, SQL functions, imports) can be forgotten. See docs/decisions/0085.
Installed after every migrate: on SQLite Django rebuilds a table when it alters it, and its triggers vanish.
"""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections

STOCK, PRODUCT, SHELF, CATEGORY = (
    "partner_stockrecord",
    "catalogue_product",
    "catalogue_productcategory",
    "catalogue_category",
)
CHANGED = "search_changed"
PREFIX = "search_hears_"


def _free(row: str) -> str:
    return f"({row}.backorderable OR {row}.num_in_stock > {row}.num_allocated)"


def _differs(*columns: str) -> str:
    return " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)


_TURNS = f"{_free('OLD')} <> {_free('NEW')} OR " + _differs("price", "reference_price_minor", "product_id")
_TEXTS = (
    "title", "is_public", "maker_id", "colour_id", "size", "search_text", "parent_id", "rating", "description",
)  # fmt: skip
#: (name, table, when it fires, condition, rows to tell of)
_TRIGGERS: list[tuple[str, str, str, str, str]] = [
    ("stock_new", STOCK, "AFTER INSERT", "", "NEW.product_id"),
    ("stock", STOCK, "AFTER UPDATE", _TURNS, "NEW.product_id"),
    ("stock_gone", STOCK, "AFTER DELETE", "", "OLD.product_id"),
    ("product", PRODUCT, "AFTER UPDATE", _differs(*_TEXTS), "NEW.id"),
    (
        "product_moved",
        PRODUCT,
        "AFTER UPDATE",
        "OLD.parent_id IS DISTINCT FROM NEW.parent_id",
        "OLD.parent_id",
    ),
    ("product_gone", PRODUCT, "AFTER DELETE", "", "OLD.id"),
    ("shelf_new", SHELF, "AFTER INSERT", "", "NEW.product_id"),
    ("shelf_gone", SHELF, "AFTER DELETE", "", "OLD.product_id"),
]


def names() -> list[str]:
    """Names of all triggers."""
    return [f"{PREFIX}{name}" for name, *_rest in _TRIGGERS] + [f"{PREFIX}category"]


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the triggers where they are missing; safe to repeat."""
    connection = connections[using]
    wanted = {STOCK, PRODUCT, SHELF, CATEGORY, CHANGED}
    if not wanted <= set(connection.introspection.table_names()) or not missing(using):
        return
    statements = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of the triggers that are not there."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        query = f"SELECT tgname FROM pg_trigger WHERE tgname LIKE '{PREFIX}%%' AND NOT tgisinternal"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {row[0] for row in cursor.fetchall()}
    return [name for name in names() if name not in there]


def _tell(value: str, false: str) -> str:
    return f"INSERT INTO {CHANGED} (product_id, applied) SELECT {value}, {false} WHERE {value} IS NOT NULL;"


def _tell_shelves(false: str) -> str:
    """A category got another name, came or went: all that stands on it and below it."""
    return (
        f"INSERT INTO {CHANGED} (product_id, applied) SELECT s.product_id, {false} FROM {SHELF} s "
        f"JOIN {CATEGORY} c ON c.id = s.category_id WHERE c.path LIKE NEW.path || '%';"
    )


_CATEGORY_DIFFERS = _differs("name", "path", "is_public", "texts").replace(
    "OLD.texts IS DISTINCT FROM NEW.texts", "CAST(OLD.texts AS text) IS DISTINCT FROM CAST(NEW.texts AS text)"
)


def _sqlite() -> list[str]:
    made = []
    for name, table, moment, condition, value in _TRIGGERS:
        when = f"WHEN {condition} " if condition else ""
        made.append(
            f"CREATE TRIGGER IF NOT EXISTS {PREFIX}{name} {moment} ON {table} FOR EACH ROW {when}"
            f"BEGIN {_tell(value, '0')} END"
        )
    made.append(
        f"CREATE TRIGGER IF NOT EXISTS {PREFIX}category AFTER UPDATE ON {CATEGORY} FOR EACH ROW "
        f"WHEN {_CATEGORY_DIFFERS} BEGIN {_tell_shelves('0')} END"
    )
    return [statement.replace("IS DISTINCT FROM", "IS NOT") for statement in made]


def _postgresql() -> list[str]:
    made = []
    rows = [*_TRIGGERS, ("category", CATEGORY, "AFTER UPDATE", _CATEGORY_DIFFERS, "")]
    for name, table, moment, condition, value in rows:
        full = f"{PREFIX}{name}"
        tell = _tell(value, "false") if value else _tell_shelves("false")
        when = f"WHEN ({condition}) " if condition else ""
        made += [
            f"CREATE OR REPLACE FUNCTION {full}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {tell} RETURN NULL; END $$",
            f"DROP TRIGGER IF EXISTS {full} ON {table}",
            f"CREATE TRIGGER {full} {moment} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {full}()",
        ]
    return made
