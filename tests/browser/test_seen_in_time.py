"""What was changed beside the shop is seen in time: by pages kept for all readers within a second, and by way of
triggers, worker and index within two. With the settings of `make run`, by two web processes that keep pages each.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from shop.kernel.counters import NAMES
from tests.support.changing import FOUND_WITHIN_S, KINDS, OF_PRODUCT, Goods, Range, seconds_by_kind
from tests.support.kontor import Kontor

KEPT_WITHIN_S = 1.0  #: after the commit of a change no page begins to be answered with what was before
LOOKED_AT_S = 0.7  #: for so long beyond the promise


def answers_of(kontor: Kontor) -> dict[int, tuple[int, int]]:
    """By process: pages it answered from what it keeps, and all others."""
    found = {}
    for path in (kontor.data_dir / "counters").glob("*.counts"):
        with suppress(OSError, struct.error, ValueError):
            counts = dict(zip(NAMES, struct.unpack_from(f"<{len(NAMES)}Q", path.read_bytes()), strict=True))
            kept = counts["pages_kept"]
            found[int(path.stem)] = (kept, counts["pages_made"] + counts["pages_own"])
    return found


class Reader:
    """Somebody without cookies whose connection one web process holds, and so answers all they ask."""

    def __init__(self, kontor: Kontor, others: frozenset[int]) -> None:
        """``others``: processes that are to have no part in it; they stand still while the connection is taken."""
        self.kontor, self.others = kontor, others
        self.pid = self._connect()

    def _connect(self) -> int:
        at = urlsplit(self.kontor.url)
        self.connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=20)
        before = answers_of(self.kontor)
        for pid in self.others:
            os.kill(pid, signal.SIGSTOP)
        try:
            self._ask("/")
        finally:
            for pid in self.others:
                os.kill(pid, signal.SIGCONT)
        after = answers_of(self.kontor)
        [pid] = [pid for pid, counted in after.items() if counted != before.get(pid)]
        return pid

    def _ask(self, path: str) -> str:
        self.connection.request("GET", path, headers={"Connection": "keep-alive"})
        answer = self.connection.getresponse()
        html = answer.read().decode()
        assert answer.status == 200, (path, answer.status)
        assert not answer.headers.get("Set-Cookie"), f"{path} is no page for everybody"
        return html

    def read(self, path: str) -> str:
        """The page, of this process; connected anew where the connection was closed meanwhile."""
        try:
            return self._ask(path)
        except (OSError, http.client.HTTPException):
            assert self._connect() == self.pid, "another process took its place"
            return self._ask(path)


def cards_of(html: str, goods: Goods) -> list[str]:
    """What a list or the home page says of a product."""
    cards = re.findall(r'<article class="product-card">.*?</article>', html, re.S)
    return [card for card in cards if re.search(rf'href="[^"]*_{goods.id}/', card)]


def own_page(html: str, goods: Goods) -> list[str]:
    """What the page of the product says of it before its descriptions."""
    return [html.partition('class="product__buy"')[2].partition('class="product__more"')[0]]


Says = Callable[[str, Goods], list[str]]


def test_no_page_says_an_old_price_or_stock_once_a_second_has_passed(live_kontor: Kontor) -> None:
    """A deadline, not a speed: what was asked for more than a second after the commit must be new, however slow."""
    first = Reader(live_kontor, frozenset())
    second = Reader(live_kontor, frozenset({first.pid}))
    assert first.pid != second.pid, "two processes that keep pages each for themselves"
    home, all_goods = first.read("/"), first.read("/catalogue/")
    with Range(live_kontor) as found:
        goods = next(one for one in found.goods if cards_of(home, one) and cards_of(all_goods, one))
        [address] = set(re.findall(rf'href="(/catalogue/[^"/]*_{goods.id}/)', home))
        pages: dict[str, Says] = {address: own_page, "/catalogue/": cards_of, "/": cards_of}
        price = {
            row[0]
            for row in live_kontor.rows(f"SELECT price FROM partner_stockrecord WHERE {OF_PRODUCT}", goods.id)
        }
        before = [f"{amount:.2f}".replace(".", ",") for amount in price]

        def shows_new_price(said: list[str]) -> bool:
            return all("123,45" in one and not any(old in one for old in before) for one in said)

        def shows_sold_out(said: list[str]) -> bool:
            # the page of an article offers to tell of sizes that are gone, also where others are there
            return all(("stock--none" if "<h1" in one else "Ausverkauft") in one for one in said)

        sold_out = f"UPDATE partner_stockrecord SET num_in_stock = num_allocated WHERE {OF_PRODUCT}"
        for statement, is_new in (
            (f"UPDATE partner_stockrecord SET price = 123.45 WHERE {OF_PRODUCT}", shows_new_price),
            (sold_out, shows_sold_out),
        ):
            counted = answers_of(live_kontor)
            for reader in (first, second):
                for page, says in pages.items():
                    warm = [says(reader.read(page), goods) for _twice in range(2)]
                    assert warm[0] and not is_new(warm[0]), (page, warm)
            for pid in (first.pid, second.pid):
                assert answers_of(live_kontor)[pid][0] >= counted[pid][0] + len(pages), "nothing was kept"
            committed = found.change((statement, (goods.id,)))
            late: list[tuple[float, int, str]] = []
            asked: set[tuple[int, str]] = set()
            while time.monotonic() < committed + KEPT_WITHIN_S + LOOKED_AT_S or len(asked) < 2 * len(pages):
                for reader in (first, second):
                    for page, says in pages.items():
                        after = time.monotonic() - committed
                        said = says(reader.read(page), goods)
                        if after > KEPT_WITHIN_S:
                            asked.add((reader.pid, page))
                            late += [] if is_new(said) else [(round(after, 2), reader.pid, page)]
            assert not late, f"old {len(late)} times after so many seconds, by process and page: {late[:6]}"


def test_a_change_is_found_within_two_seconds_by_way_of_triggers_worker_and_index(
    live_kontor: Kontor, record_property: Callable[[str, object], None]
) -> None:
    """On PostgreSQL and with Elasticsearch: tests/ports/search/test_found_in_time.py."""
    middle, taken = seconds_by_kind(live_kontor)
    record_property("seconds until it was found", taken)
    assert set(taken) == KINDS
    assert max(middle.values()) <= FOUND_WITHIN_S, taken
