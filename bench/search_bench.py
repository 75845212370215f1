"""Search with all filters counted: the index against bare PostgreSQL, and a large range against a small one.

    .venv/bin/python -m bench.run --only search          # 100,000 products; BENCH_SEARCH=20000 for a look

**Ours**: the first page of 24 products by relevance and the counts beside all eight filters, put to the index anew each
time: an answer that the process still has is forgotten before. Beside it, what the same question costs then.
**Bare PostgreSQL**: one table of variants, already joined, with a tsvector, a GIN index and one GROUPING SETS query for
the count and three of the filters; it sorts nothing by relevance. It gets memory for its sorts and no compiler at run
time, both of which make it faster here. Questions alternate in one run. Always on PostgreSQL
(run.py).

``chosen``: the same where filters are chosen already. Both then count each filter without its own choice, so that one
sees what another colour would find.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from statistics import quantiles
from urllib.parse import quote_plus

from django.db import connection
from django.http import QueryDict
from django.utils import translation

from .figures import Figure

SMALL = 1_000
LARGE = int(os.environ.get("BENCH_SEARCH", "100000"))
ROUNDS = 20
WORDS = ("schuh", "tidewerk", "fjellgang schuh", "schuh navy", "brookmann", "schuh moss")
#: What is searched where nothing is chosen, and what where something is.
PLAIN = tuple(f"q={quote_plus(words)}" for words in WORDS)
CHOSEN = (
    "q=schuh&colour=navy",
    "q=schuh&colour=navy&size=36",
    "q=schuh&colour=navy&colour=sand&size=36",
    "q=tidewerk&colour=sand&available=1",
    "q=fjellgang+schuh&size=36&size=37",
)

BARE = """
CREATE TABLE bare_variants AS
SELECT p.id AS product_id, c.code AS colour, v.size, width_bucket(s.price, ARRAY[25, 50, 100, 150]) AS band,
       to_tsvector('german', p.title || ' ' || m.brand || ' ' || c.name) AS words
FROM catalogue_product p
JOIN catalogue_product v ON v.parent_id = p.id JOIN partner_stockrecord s ON s.product_id = v.id
JOIN catalogue_colour c ON c.id = v.colour_id JOIN catalogue_maker m ON m.id = p.maker_id;
CREATE INDEX bare_words ON bare_variants USING gin (words);
ANALYZE bare_variants;
SET work_mem = '256MB';
SET jit = off;
"""
ASK = """
SELECT colour, size, band, count(DISTINCT product_id) FILTER (WHERE in_colour AND in_size),
       count(DISTINCT product_id) FILTER (WHERE in_size), count(DISTINCT product_id) FILTER (WHERE in_colour)
FROM (SELECT *, %s OR colour = ANY(%s) AS in_colour, %s OR size = ANY(%s) AS in_size
      FROM bare_variants WHERE words @@ plainto_tsquery('german', %s)) found
GROUP BY GROUPING SETS ((), (colour), (size), (band))
"""
#: Where nothing is chosen all three counts are the same: it is asked for one.
ASK_PLAIN = """
SELECT colour, size, band, count(DISTINCT product_id) FROM bare_variants
WHERE words @@ plainto_tsquery('german', %s) GROUP BY GROUPING SETS ((), (colour), (size), (band))
"""


def measure() -> dict[str, Figure]:
    """Figures by name."""
    from catalogue.search.actions import rebuild

    from .large_range import make_range

    translation.activate("de")
    make_range(SMALL)
    rebuild()
    small = {name: _p95({"ours": _ours}, asked)["ours"] for name, asked in (("", PLAIN), ("chosen_", CHOSEN))}
    make_range(LARGE - SMALL)
    began = time.perf_counter()
    rebuild()
    built = time.perf_counter() - began
    figures = {
        "search.products": Figure(LARGE, "products"),
        "search.rebuild_s": Figure(round(built, 1), "s"),
        "search.p95_ms_1000": Figure(small[""], "ms"),
        "search.chosen_p95_ms_1000": Figure(small["chosen_"], "ms"),
    }
    with connection.cursor() as cursor:
        cursor.execute(BARE)
    for name, asked in (("", PLAIN), ("chosen_", CHOSEN)):
        both = _p95({"ours": _ours, "kept": _kept, "bare": _bare}, asked)
        figures |= {
            f"search.{name}p95_ms": Figure(both["ours"], "ms"),
            f"search.{name}kept_p95_ms": Figure(both["kept"], "ms"),
            f"search.{name}bare_postgresql_p95_ms": Figure(both["bare"], "ms"),
            f"search.{name}of_bare_postgresql": Figure(
                round(both["ours"] / both["bare"], 2), "times", at_most=1.0
            ),
        }
    return figures


def _ours(asked: str) -> None:
    from catalogue.search import finding

    finding.forget()
    _kept(asked)


def _kept(asked: str) -> None:
    from catalogue import filters
    from catalogue.search import finding

    assert finding.answer(filters.read(QueryDict(asked))).found.total, f"nothing was measured by {asked}"


def _bare(asked: str) -> None:
    query = QueryDict(asked)
    colours, sizes = query.getlist("colour"), query.getlist("size")
    with connection.cursor() as cursor:
        if colours or sizes:
            cursor.execute(ASK, [not colours, colours, not sizes, sizes, query["q"]])
        else:
            cursor.execute(ASK_PLAIN, [query["q"]])
        assert cursor.fetchall()


def _p95(ways: dict[str, Callable[[str], None]], questions: Sequence[str]) -> dict[str, float]:
    """The 95th percentile in milliseconds of each way, asked in turns."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for asked in questions:
            for name, ask in ways.items():
                began = time.perf_counter()
                ask(asked)
                if turn:  # the first warms up
                    spent[name].append((time.perf_counter() - began) * 1000)
    return {name: round(quantiles(times, n=20)[18], 2) for name, times in spent.items()}
