"""The index hears what changes from the database itself: whoever writes, in whatever way, leaves a row in ``Changed``.

Stock speaks only when it turns: from some to none or back. So the statements at which all buyers of one SKU wait cost
what they did before, and no path (bulk updates, SQL functions, imports) can be forgotten. See docs/decisions/0085.
Of a campaign it hears what decides in which range an article is; when one begins, ends or is suspended nothing is
written, that is asked with the question. What concerns many products at once (an offer for a range, a category put into
one) leaves one row of ``ChangedMany``, not a row for each.
Installed after every migrate. The name of each holds a digest of what it does: one that was written differently is
missing, and the former one goes.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from django.db import DEFAULT_DB_ALIAS, connections

STOCK, PRODUCT, SHELF, CATEGORY, MAKER, COLOUR = (
    "partner_stockrecord",
    "catalogue_product",
    "catalogue_productcategory",
    "catalogue_category",
    "catalogue_maker",
    "catalogue_colour",
)
OFFER, BENEFIT, CONDITION, RANGE, IN_RANGE, LEFT_OUT, INSIDE, OUTSIDE, CLASSES = (
    "offer_conditionaloffer",
    "offer_benefit",
    "offer_condition",
    "offer_range",
    "offer_rangeproduct",
    "offer_range_excluded_products",
    "offer_range_included_categories",
    "offer_range_excluded_categories",
    "offer_range_classes",
)
CHANGED, MANY = "search_changed", "search_changedmany"
PREFIX = "search_hears_"


def _free(row: str) -> str:
    return f"({row}.backorderable OR {row}.num_in_stock > {row}.num_allocated)"


def _differs(*columns: str) -> str:
    return " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)


def _texts_differ() -> str:
    """JSON has no equality of its own on PostgreSQL."""
    return "CAST(OLD.texts AS text) IS DISTINCT FROM CAST(NEW.texts AS text)"


_TURNS = f"{_free('OLD')} <> {_free('NEW')} OR " + _differs(
    "price", "reference_price_minor", "product_id", "partner_sku"
)
_SHOWN = (
    "title", "is_public", "maker_id", "colour_id", "size", "search_text", "parent_id", "rating", "description",
    "upc", "material", "is_discountable", "product_class_id",
)  # fmt: skip
_PRODUCT_DIFFERS = f"{_differs(*_SHOWN)} OR {_texts_differ()}"
_CATEGORY_DIFFERS = f"{_differs('name', 'path', 'is_public')} OR {_texts_differ()}"
_COLOUR_DIFFERS = f"{_differs('name', 'code')} OR {_texts_differ()}"


def _tell(value: str) -> str:
    return f"INSERT INTO {CHANGED} (product_id, applied) SELECT {value}, {{false}} WHERE {value} IS NOT NULL;"


#: A category got another name, came or went: all that stands on it and below it.
_ON_SHELVES = (
    f"INSERT INTO {CHANGED} (product_id, applied) SELECT s.product_id, {{false}} FROM {SHELF} s "
    f"JOIN {CATEGORY} c ON c.id = s.category_id WHERE c.path LIKE NEW.path || '%';"
)


def _with(column: str) -> str:
    """All products and variants of a brand or colour."""
    return (
        f"INSERT INTO {CHANGED} (product_id, applied) SELECT p.id, {{false}} FROM {PRODUCT} p "
        f"WHERE p.{column} = NEW.id;"
    )


def _many(kind: str, value: str, of_range: str = "0") -> str:
    """All of a range, a category or a class, in one row; ``of_range``: the range that holds others for it."""
    return (
        f"INSERT INTO {MANY} (kind, of_id, after, turns, range_id) "
        f"SELECT '{kind}', {value}, 0, 0, {of_range} WHERE {value} IS NOT NULL;"
    )


#: A campaign came, or gives something on others than before: all in its range. Of a fixed price for several articles
#: that of the condition counts. One that goes says nothing: nobody asks for its range any more.
_OF_OFFER = (
    f"INSERT INTO {MANY} (kind, of_id, after, turns, range_id) SELECT 'range', o.range_id, 0, 0, 0 FROM ("
    f"SELECT CASE WHEN b.type = 'Fixed price' THEN c.range_id ELSE b.range_id END AS range_id "
    f"FROM {BENEFIT} b, {CONDITION} c WHERE b.id = NEW.benefit_id AND c.id = NEW.condition_id"
    f") o WHERE o.range_id IS NOT NULL;"
)
_SITE = "NEW.offer_type = 'Site'"
_LASTS_LONGER = (
    "OLD.end_datetime IS NOT NULL AND (NEW.end_datetime IS NULL OR NEW.end_datetime > OLD.end_datetime)"
)
_OFFER_DIFFERS = f"{_SITE} AND ({_differs('offer_type', 'benefit_id', 'condition_id')} OR {_LASTS_LONGER})"
_OF_CONDITIONS = (
    f"INSERT INTO {MANY} (kind, of_id, after, turns, range_id) SELECT 'range', c.range_id, 0, 0, 0 FROM {OFFER} o "
    f"JOIN {CONDITION} c ON c.id = o.condition_id WHERE o.benefit_id = NEW.id AND c.range_id IS NOT NULL "
    f"AND NEW.type = 'Fixed price';"
)


def _of_links(name: str, table: str, told: Callable[[str], str]) -> list[tuple[str, str, str, str, str]]:
    """A row of a table between ranges and something else came, went, or was written over."""
    return [
        (f"{name}_new", table, "AFTER INSERT", "", told("NEW")),
        (f"{name}_gone", table, "AFTER DELETE", "", told("OLD")),
        (name, table, "AFTER UPDATE", _differs("range_id", _LINKS[table]), told("OLD") + " " + told("NEW")),
    ]


_LINKS = {
    IN_RANGE: "product_id",
    LEFT_OUT: "product_id",
    INSIDE: "category_id",
    OUTSIDE: "category_id",
    CLASSES: "productclass_id",
}

#: (name, table, when it fires, condition, what it does)
_TRIGGERS: list[tuple[str, str, str, str, str]] = [
    ("stock_new", STOCK, "AFTER INSERT", "", _tell("NEW.product_id")),
    ("stock", STOCK, "AFTER UPDATE", _TURNS, _tell("NEW.product_id")),
    ("stock_gone", STOCK, "AFTER DELETE", "", _tell("OLD.product_id")),
    ("product", PRODUCT, "AFTER UPDATE", _PRODUCT_DIFFERS, _tell("NEW.id")),
    ("product_moved", PRODUCT, "AFTER UPDATE", _differs("parent_id"), _tell("OLD.parent_id")),
    ("product_gone", PRODUCT, "AFTER DELETE", "", _tell("OLD.id")),
    ("shelf_new", SHELF, "AFTER INSERT", "", _tell("NEW.product_id")),
    ("shelf_gone", SHELF, "AFTER DELETE", "", _tell("OLD.product_id")),
    ("shelf", SHELF, "AFTER UPDATE", _differs("product_id", "category_id"),
     _tell("OLD.product_id") + " " + _tell("NEW.product_id")),
    ("category", CATEGORY, "AFTER UPDATE", _CATEGORY_DIFFERS, _ON_SHELVES),
    ("maker", MAKER, "AFTER UPDATE", _differs("brand"), _with("maker_id")),
    ("colour", COLOUR, "AFTER UPDATE", _COLOUR_DIFFERS, _with("colour_id")),
    ("campaign_new", OFFER, "AFTER INSERT", _SITE, _OF_OFFER),
    ("campaign", OFFER, "AFTER UPDATE", _OFFER_DIFFERS, _OF_OFFER),
    ("benefit", BENEFIT, "AFTER UPDATE", _differs("range_id", "type"),
     _many("range", "NEW.range_id") + " " + _OF_CONDITIONS),
    ("condition", CONDITION, "AFTER UPDATE", _differs("range_id"), _many("range", "NEW.range_id")),
    ("range", RANGE, "AFTER UPDATE", _differs("includes_all_products", "proxy_class"), _many("all", "0", "NEW.id")),
    *_of_links("in_range", IN_RANGE, lambda row: _tell(f"{row}.product_id")),
    *_of_links("left_out", LEFT_OUT, lambda row: _tell(f"{row}.product_id")),
    *_of_links("inside", INSIDE, lambda row: _many("category", f"{row}.category_id", f"{row}.range_id")),
    *_of_links("outside", OUTSIDE, lambda row: _many("category", f"{row}.category_id", f"{row}.range_id")),
    *_of_links("classes", CLASSES, lambda row: _many("class", f"{row}.productclass_id", f"{row}.range_id")),
]  # fmt: skip


def _named() -> list[tuple[str, str, str, str, str]]:
    """The triggers under the names they have in the database."""
    return [
        (f"{PREFIX}{row[0]}_{sha256('|'.join(row).encode()).hexdigest()[:8]}", *row[1:]) for row in _TRIGGERS
    ]


def names() -> list[str]:
    """Names of all triggers."""
    return [name for name, *_rest in _named()]


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the triggers where they are missing, and take away those of another wording; safe to repeat."""
    connection = connections[using]
    wanted = {CHANGED, MANY, *(row[1] for row in _TRIGGERS)}
    if not wanted <= set(connection.introspection.table_names()):
        return
    there = _there(using)
    statements = _postgresql if connection.vendor == "postgresql" else _sqlite
    with connection.cursor() as cursor:
        for name in sorted(there.difference(names())):  # on PostgreSQL the trigger goes with its function
            on_postgresql = connection.vendor == "postgresql"
            cursor.execute(f"DROP FUNCTION {name} CASCADE" if on_postgresql else f"DROP TRIGGER {name}")
        for row in _named():
            if row[0] not in there:
                for statement in statements(*row):
                    cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of the triggers that are not there."""
    there = _there(using)
    return [name for name in names() if name not in there]


def _there(using: str) -> set[str]:
    """Names of ours that are in the database."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall() if row[0].startswith(PREFIX)}


def _sqlite(name: str, table: str, moment: str, condition: str, deed: str) -> list[str]:
    when = f"WHEN {condition} " if condition else ""
    made = (
        f"CREATE TRIGGER IF NOT EXISTS {name} {moment} ON {table} FOR EACH ROW {when}"
        f"BEGIN {deed.format(false='0')} END"
    )
    return [made.replace("IS DISTINCT FROM", "IS NOT")]


def _postgresql(name: str, table: str, moment: str, condition: str, deed: str) -> list[str]:
    when = f"WHEN ({condition}) " if condition else ""
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {deed.format(false='false')} RETURN NULL; END $$",
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {name}()",
    ]
