"""Kontor beside stock django-oscar 4.2.1: requests per second and CPU per request, interleaved, three rounds.

Both run on the same PostgreSQL and under the same gunicorn with the same workers, with the same range. Stock Oscar has
what makes it fast: compiled templates are kept, connections stay open, its search looks for no spelling. CPU is that of
the web workers and of the database together. With BENCH_PEER=tiny the ranges are small and the figures mean nothing;
with BENCH_PEER=middle they are a fifth, with BENCH_PEER=beside as well, and growth is left out: a look of few minutes.
"Unkept" keeps no whole page, and for a minute the parts of one, as a shop does; "anew" keeps nothing at all, as at the
first look at an article, or for a word that nobody searched before.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from .figures import Figure
from .peer import load, orders, shops
from .peer.load import Cost

SIZE = os.environ.get("BENCH_PEER", "full")
TINY = SIZE == "tiny"
GROWS = SIZE != "beside"  #: whether a small and a large Kontor are measured too
ROUNDS = 1 if TINY else 3
#: products of both shops, of a small and of a large Kontor
SAME, SMALL, LARGE = {"tiny": (60, 40, 120), "middle": (2_000, 1_000, 20_000), "beside": (2_000, 0, 0)}.get(
    SIZE, (10_000, 1_000, 100_000)
)
SECONDS = 0.5 if TINY else 2.0  #: for what is quick
LONGER = 0.5 if TINY else 5.0  #: for what takes most of a second each time
SEARCH = {"stock": "/search/?q=schuh", "kontor": "/catalogue/search/?q=schuh"}
THIRD = "/catalogue/search/?q=brookmann"  #: a third of Kontor's products answer to it, all of them to "schuh"
PLURAL = "/catalogue/search/?q=schuhe"  #: the range says "Schuh": the database alone finds nothing
PRODUCT_LINK = 'href="/catalogue/schuh-'
NARROWED = "?colour=navy&size=36"  #: filters of a list that a shopper chose
PRODUCTS = 12  #: product pages that are asked for in turn
#: case -> how many times faster (requests per second) Kontor must be
FASTER = {
    "cached_product": 20,
    "cached_product_with_basket": 20,
    "cached_category": 20,
    "product": 5,
    "category": 20,
    "search": 20,
}

#: what is asked of a small and of a large range: with kept answers of the index (""), and with nothing kept
GROWTH = [
    *itertools.product(("", "_anew"), ("product", "category", "category_narrowed", "search")),
    ("_anew", "search_third"),
]

Costs = dict[tuple[str, str], list[Cost]]


def measure() -> dict[str, Figure]:
    """Ratios and what they are made of."""
    with tempfile.TemporaryDirectory(prefix="kontor-peer-") as name, ExitStack() as stack:
        folder = Path(name)
        running = _start(folder, stack)
        cases = _cases(running)
        for deed in cases.values():  # warm: compiled templates, plans, connections, pages
            deed(0.3 if TINY else 1.0)
        _answered_by_the_index(running)
        costs: Costs = {key: [] for key in cases}
        for round_ in range(ROUNDS):
            for key, deed in cases.items():
                costs[key].append(deed(LONGER if _is_slow(key) else SECONDS))
            print(f"  round {round_ + 1} of {ROUNDS} at {time.strftime('%H:%M:%S')}", file=sys.stderr)
        rss = {kind: load.rss_mb(running[kind].pid) for kind in ("stock", "kontor")}
    return _figures({key: load.middle(rows) for key, rows in costs.items()}, costs, rss)


def _answered_by_the_index(running: dict[str, shops.Served]) -> None:
    """Stop where Kontor's search is having a rest: what the database answers instead is not what is compared."""
    for kind, shop in running.items():
        if kind != "stock" and PRODUCT_LINK not in load.get(shop.port, PLURAL).decode():
            sys.exit(f"Kontor ({kind}) searches without its index")


def _is_slow(key: tuple[str, str]) -> bool:
    return (key[0] == "stock" and key[1] != "product") or key[1] == "order"


def _start(folder: Path, stack: ExitStack) -> dict[str, shops.Served]:
    unkept = {"SHARED_KEPT_S": "0"}
    anew = unkept | {"PARTS_KEPT_S": "0"}
    wanted = {
        "stock": ("stock", lambda: shops.stock_environment(SAME)),
        "kontor": ("kontor", lambda: shops.kontor_environment(SAME, folder)),
        "unkept": ("kontor", lambda: shops.kontor_environment(SAME, folder, **unkept)),
        "anew": ("kontor", lambda: shops.kontor_environment(SAME, folder, **anew)),
    }
    for kind, size in (("small", SMALL), ("large", LARGE)) if GROWS else ():
        wanted[kind] = ("kontor", lambda size=size: shops.kontor_environment(size, folder, **unkept))
        wanted[f"{kind}_anew"] = ("kontor", lambda size=size: shops.kontor_environment(size, folder, **anew))
    environments = {kind: (name, made()) for kind, (name, made) in wanted.items()}
    return {
        kind: stack.enter_context(shops.served(name, environment, folder))
        for kind, (name, environment) in environments.items()
    }


def _cases(running: dict[str, shops.Served]) -> dict[tuple[str, str], Callable[[float], Cost]]:
    """What is asked of whom, each shop's turn right after the other's."""
    cases: dict[tuple[str, str], Callable[[float], Cost]] = {}
    database = shops.postmaster()
    for kind, shop in running.items():
        is_stock = kind == "stock"
        roots = (shop.pid, database)
        products, category = _addresses(shop.port, is_stock)
        visits = {
            "product": products,
            "category": [category],
            "search": [SEARCH["stock" if is_stock else "kontor"]],
        }
        if not is_stock:
            visits["category_narrowed"] = [f"{category}{NARROWED}"]
        if kind.endswith("_anew"):
            visits["search_third"] = [THIRD]
        if kind == "kontor":
            visits = {"cached_product": products, "cached_category": [category]}
            with_basket = orders.cookies_with_a_basket(shop.port, products[0])
            cases[kind, "cached_product_with_basket"] = _drive(shop.port, products, roots, with_basket)
        for case, paths in visits.items():
            cases[kind, case] = _drive(shop.port, paths, roots)
        if kind in ("stock", "kontor"):
            cases[kind, "order"] = _order(shop.port, products, roots, is_stock=is_stock)
    order = (
        "cached_product", "cached_product_with_basket", "cached_category", "product", "category", "category_narrowed",
        "search", "search_third", "order",
    )  # fmt: skip
    return dict(sorted(cases.items(), key=lambda row: order.index(row[0][1])))


def _addresses(port: int, is_stock: bool) -> tuple[list[str], str]:
    page = load.get(port, "/catalogue/").decode(errors="replace")
    pattern = r'href="(/catalogue/schuh-\d+_\d+/)"'
    products = list(dict.fromkeys(re.findall(pattern, page)))[:PRODUCTS]
    category = re.search(r'href="(/catalogue/category/schuhe_\d+/)"', page)
    if not products or not category:
        sys.exit(f"{'stock' if is_stock else 'Kontor'}: no products or no category on /catalogue/")
    return products, category.group(1)


def _drive(port: int, paths: list[str], roots: tuple[int, int], cookies: str = "") -> Callable[[float], Cost]:
    return lambda seconds: load.drive(port, paths, seconds=seconds, roots=roots, cookies=cookies)


def _order(
    port: int, products: list[str], roots: tuple[int, int], *, is_stock: bool
) -> Callable[[float], Cost]:
    walk = orders.order_at_stock if is_stock else orders.order_at_kontor
    return lambda seconds: load.repeat(
        lambda turn: walk(port, products[turn % len(products)]), seconds=seconds, roots=roots
    )


def _figures(costs: dict[tuple[str, str], Cost], rounds: Costs, rss: dict[str, float]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for (kind, case), cost in costs.items():
        figures[f"peer.{kind}_{case}_per_second"] = Figure(round(cost.per_second, 1), "/s")
        figures[f"peer.{kind}_{case}_cpu_ms"] = Figure(round(cost.cpu_ms, 2), "ms of CPU")
    for case, times in FASTER.items():
        ours = ("kontor" if case.startswith("cached_") else "unkept", case)
        theirs = ("stock", case.removeprefix("cached_").removesuffix("_with_basket"))
        faster = [a.per_second / b.per_second for a, b in zip(rounds[ours], rounds[theirs], strict=True)]
        cheaper = costs[theirs].cpu_ms / max(costs[ours].cpu_ms, 0.001)
        figures[f"peer.times_faster_{case}"] = Figure(
            round(median(faster), 1), "x", at_least=_promised(times)
        )
        figures[f"peer.times_cheaper_{case}"] = Figure(round(cheaper, 1), "x")
    for case in ("product", "category", "search"):
        anew = costs["anew", case].per_second / costs["stock", case].per_second
        figures[f"peer.times_faster_{case}_anew"] = Figure(round(anew, 1), "x")
    ordered = [
        a.per_second / b.per_second
        for a, b in zip(rounds["kontor", "order"], rounds["stock", "order"], strict=True)
    ]
    figures["peer.times_faster_order"] = Figure(round(median(ordered), 1), "x")
    part = costs["kontor", "order"].cpu_ms / costs["stock", "order"].cpu_ms
    figures["peer.order_cpu_part"] = Figure(round(part, 3), "of stock's CPU", at_most=_promised(0.333))
    for how, case in GROWTH if GROWS else ():
        grown = costs[f"large{how}", case].cpu_ms / costs[f"small{how}", case].cpu_ms
        figures[f"peer.grown_{case}{how}"] = Figure(
            round(grown, 2), "x of a small range's CPU", at_most=_promised(1.5)
        )
    figures["peer.worker_rss_mb"] = Figure(round(rss["kontor"]), "MB", at_most=200)
    figures["peer.stock_worker_rss_mb"] = Figure(round(rss["stock"]), "MB")
    return figures


def _promised(value: float) -> float | None:
    return None if TINY else value
