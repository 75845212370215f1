"""A running Kontor whose range is changed beside it, as any program might, and read as a shopper reads it.

For what must be seen in time: by pages that are kept, and by way of triggers, worker and index.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from .kontor import Kontor

FOUND_WITHIN_S = 2.0  #: from the commit of a change until the index answers by it
ROUNDS, ROUNDS_MAX = 3, 7  #: of the index; a machine that does something else for a while gets a few more
KINDS = {"name", "price", "stock", "reduced", "category"}
#: Articles of sizes or colours, of which some of each can be had, for more than 30 and at no reduced price.
GOODS = """
SELECT p.id, p.title, min(v.partner_sku) FROM catalogue_product p
JOIN (SELECT c.parent_id, c.is_public, s.* FROM catalogue_product c JOIN partner_stockrecord s ON s.product_id = c.id) v
ON v.parent_id = p.id WHERE p.is_public GROUP BY p.id HAVING min(v.num_in_stock - v.num_allocated) >= 0
AND sum(v.num_in_stock - v.num_allocated) > 0 AND min(v.price) > 30 AND max(v.reference_price_minor) IS NULL
AND max(CASE WHEN v.backorderable OR NOT v.is_public THEN 1 ELSE 0 END) = 0 ORDER BY p.id DESC
"""
OF_PRODUCT = "product_id IN (SELECT id FROM catalogue_product WHERE parent_id = ?)"


@dataclass(frozen=True)
class Goods:
    """A product, and an article number by which the search finds it and nothing else."""

    id: int
    title: str
    sku: str


class Range:
    """The range of a running Kontor. Used by ``with``: everything is put back for others who use it."""

    def __init__(self, kontor: Kontor) -> None:
        self.kontor = kontor
        self.goods = [Goods(pk, title, sku) for pk, title, sku in kontor.rows(GOODS)]
        self._kept = [
            (
                "catalogue_product",
                "title, texts",
                kontor.rows("SELECT id, title, texts FROM catalogue_product"),
            ),
            (
                "catalogue_category",
                "name, texts",
                kontor.rows("SELECT id, name, texts FROM catalogue_category"),
            ),
            (
                "partner_stockrecord",
                "price, num_in_stock, reference_price_minor",
                kontor.rows("SELECT id, price, num_in_stock, reference_price_minor FROM partner_stockrecord"),
            ),
        ]

    def __enter__(self) -> Range:
        """See the class."""
        return self

    def __exit__(self, *error: object) -> None:
        statements = []
        for table, columns, rows in self._kept:
            there = {
                pk: tuple(values) for pk, *values in self.kontor.rows(f"SELECT id, {columns} FROM {table}")
            }
            sets = ", ".join(f"{column} = ?" for column in columns.split(", "))
            statements += [
                (f"UPDATE {table} SET {sets} WHERE id = ?", (*values, pk))
                for pk, *values in rows
                if there.get(pk) != tuple(values)
            ]
        self.change(*statements)

    def change(self, *statements: tuple[str, tuple[Any, ...]]) -> float:
        """See Kontor.change."""
        return self.kontor.change(*statements)

    def wait_for_the_index(self) -> None:
        """Until the index answers, and not the database for it."""
        some = self.goods[0]
        self.kontor.wait_until(lambda: self.shows(f"q={some.sku}", some), "an answer of the index")

    def shows(self, query: str, goods: Goods) -> bool | None:
        """Whether the list of this address shows the product; None where the database answers for the index."""
        with urllib.request.urlopen(f"{self.kontor.url}/catalogue/search/?{query}", timeout=20) as answer:
            html = answer.read().decode()
        if "Unsere Suche macht gerade Pause" in html:
            return None
        results = html.partition('id="results"')[2].partition('class="leads')[0]
        return re.search(rf'href="[^"]*_{goods.id}/[^"]*"', results) is not None

    def shelf_of(self, goods: Goods) -> tuple[int, str]:
        """Id and texts (JSON) of a category in which the product stands."""
        [row, *_more] = self.kontor.rows(
            "SELECT c.id, c.texts FROM catalogue_category c JOIN catalogue_productcategory s ON s.category_id = c.id"
            " WHERE s.product_id = ? AND c.is_public",
            goods.id,
        )
        return int(row[0]), str(row[1])


@dataclass(frozen=True)
class Seen:
    """A change of the range, as an SQL statement, and by which address a shopper sees it: there or no longer there."""

    what: str
    statement: tuple[str, tuple[Any, ...]]
    query: str
    goods: Goods
    shown: bool


def there_and_back(found: Range, word: str) -> tuple[list[Seen], list[Seen]]:
    """A change of each kind that an index hears (name, price, stock, reduced price, category), each of a product of its
    own so that none is seen by another's row; and the way back. ``word``: one that stands nowhere in the range."""
    named, priced, sold, reduced, shelved = found.goods[:5]
    shelf, texts = found.shelf_of(shelved)
    titles = {
        row[0]: (row[1], row[2])
        for row in found.kontor.rows("SELECT id, title, texts FROM catalogue_product")
    }
    [(shelf_name,)] = found.kontor.rows("SELECT name FROM catalogue_category WHERE id = ?", shelf)
    title, own_texts = titles[named.id]

    def name(said: str, all_texts: str) -> tuple[str, tuple[Any, ...]]:
        return "UPDATE catalogue_product SET title = ?, texts = ? WHERE id = ?", (said, all_texts, named.id)

    def category(said: str, all_texts: str) -> tuple[str, tuple[Any, ...]]:
        return "UPDATE catalogue_category SET name = ?, texts = ? WHERE id = ?", (said, all_texts, shelf)

    def records(column: str, value: str, goods: Goods) -> tuple[str, tuple[Any, ...]]:
        return f"UPDATE partner_stockrecord SET {column} = {value} WHERE {OF_PRODUCT}", (goods.id,)

    shoe, board = f"{word}schuh", f"{word}regal"
    cheap, there, offer = (
        f"q={priced.sku}&price=0-2500",
        f"q={sold.sku}&available=1",
        f"q={reduced.sku}&offer=1",
    )
    away = [
        Seen("name", name(shoe, _titled(own_texts, "title", shoe)), f"q={shoe}", named, True),
        Seen("price", records("price", "14.50", priced), cheap, priced, True),
        Seen("stock", records("num_in_stock", "num_allocated", sold), there, sold, False),
        Seen("reduced", records("reference_price_minor", "99900", reduced), offer, reduced, True),
        Seen("category", category(board, _titled(texts, "name", board)), f"q={board}", shelved, True),
    ]
    back = [
        Seen("name", name(title, own_texts), f"q={shoe}", named, False),
        Seen("price", records("price", "99.00", priced), cheap, priced, False),
        Seen("stock", records("num_in_stock", "num_allocated + 5", sold), there, sold, True),
        Seen("reduced", records("reference_price_minor", "NULL", reduced), offer, reduced, False),
        Seen("category", category(shelf_name, texts), f"q={board}", shelved, False),
    ]
    return away, back


def _titled(texts: str, field: str, said: str) -> str:
    """Texts by language with another German name."""
    found = json.loads(texts or "{}")
    return json.dumps({**found, "de": {**found.get("de", {}), field: said}})


def seconds_until_seen(found: Range, changes: Iterable[Seen], patience_s: float = 30.0) -> dict[str, float]:
    """Make the changes in one transaction; how many seconds after its commit a shopper saw each, by kind.

    Looks at one after the other, so each figure is rather too large by the pages read meanwhile.
    """
    waiting = list(changes)
    committed = found.change(*(one.statement for one in waiting))
    seconds: dict[str, float] = {}

    def look() -> bool:
        for one in list(waiting):
            if found.shows(one.query, one.goods) is one.shown:
                seconds[one.what] = time.monotonic() - committed
                waiting.remove(one)
        return not waiting

    found.kontor.wait_until(look, f"a change of the range in the list (seen: {sorted(seconds)})", patience_s)
    return seconds


def seconds_by_kind(kontor: Kontor) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Name, price, stock, reduced price and category changed there and back, until half of each kind was in time: the
    middle of each kind, and all that was measured. (Not every one: a machine that tests share stands still for a second
    now and then.)"""
    taken: dict[str, list[float]] = {}
    middle: dict[str, float] = {}
    with Range(kontor) as found:
        found.wait_for_the_index()
        for number in range(ROUNDS_MAX):
            for way in there_and_back(found, f"zwirbel{'abcdefg'[number]}"):
                for what, seconds in seconds_until_seen(found, way).items():
                    taken.setdefault(what, []).append(round(seconds, 2))
            middle = {what: median(seconds) for what, seconds in taken.items()}
            if number + 1 >= ROUNDS and max(middle.values()) <= FOUND_WITHIN_S:
                break
    return middle, taken
