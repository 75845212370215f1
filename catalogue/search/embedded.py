"""The embedded plug: tantivy, an index in a folder. One process writes at a time (a lock file), readers reload.

SEARCH_DIR/current            the version that readers use, replaced in one step
SEARCH_DIR/<version>/products
SEARCH_DIR/<version>/words    words of the range, for did-you-mean
SEARCH_DIR/write.lock
"""

from __future__ import annotations

import fcntl
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Occur, Query

from shop.kernel.clock import now

from . import embedded_questions as questions
from .embedded_fields import PRODUCTS, WHOLE, WORDS, made_by, row_of, schema_name, single, word_row
from .port import (
    VERSION,
    Ask,
    Document,
    Filters,
    Hits,
    KnownWord,
    SearchUnavailable,
    Sought,
)

BUILD_BYTES, UPDATE_BYTES = 100_000_000, 20_000_000  #: memory of a writer before it writes to the disk
LOCK_PATIENCE_S = 30.0
SORTS = {
    "newest": ("id", tantivy.Order.Desc),
    "price": ("price", tantivy.Order.Asc),
    "-price": ("price", tantivy.Order.Desc),
}


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """One writer at a time, also over processes. Raises SearchUnavailable after LOCK_PATIENCE_S."""
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + LOCK_PATIENCE_S
    with (folder / "write.lock").open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise SearchUnavailable("another process is writing the index") from None
                time.sleep(0.05)
        yield


class _Read:
    """An index opened for reading; reloads when its files changed."""

    def __init__(self, folder: Path) -> None:
        self.meta = folder / "meta.json"
        self.index = tantivy.Index.open(str(folder))
        self.index.config_reader("manual")
        self._seen = self.stamp()
        self.index.reload()
        self.searcher = self.index.searcher()

    def stamp(self) -> tuple[int, int]:
        """Equal stamps, equal content. A commit puts a new file in place; two may fall into one tick of its clock."""
        file = self.meta.stat()
        return file.st_mtime_ns, file.st_ino

    def fresh(self) -> tantivy.Searcher:
        """A searcher that sees what was written before this call."""
        stamp = self.stamp()
        if stamp != self._seen:
            self.index.reload()
            self.searcher = self.index.searcher()
            self._seen = stamp
        return self.searcher


class EmbeddedEngine:
    """See port.Engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._version = ""
        self._products: _Read | None = None
        self._words: _Read | None = None
        self._lock = threading.Lock()

    # -- reading

    def _current(self) -> str:
        try:
            version = (self.folder / "current").read_text().strip()
        except OSError:
            raise SearchUnavailable("no index has been built yet", can_be_built=True) from None
        if version.split("-")[0] != schema_name():
            raise SearchUnavailable("the index is of another shape; it must be built anew", can_be_built=True)
        return version

    def _open(self) -> tuple[_Read, _Read]:
        version = self._current()
        with self._lock:
            if version != self._version or self._products is None or self._words is None:
                try:
                    self._products = _Read(self.folder / version / "products")
                    self._words = _Read(self.folder / version / "words")
                except (OSError, ValueError) as error:
                    raise SearchUnavailable(str(error), can_be_built=True) from error
                self._version = version
            return self._products, self._words

    def _searcher(self) -> tantivy.Searcher:
        products, _words = self._open()
        try:
            with self._lock:
                return products.fresh()
        except (OSError, ValueError) as error:
            raise SearchUnavailable(str(error)) from error

    def page(
        self, sought: Sought, filters: Filters, *, sort: str, language: str, offset: int, limit: int
    ) -> Hits:
        """See port.Engine."""
        searcher = self._searcher()
        by = ("name_" + language, tantivy.Order.Asc) if sort == "name" else SORTS.get(sort)
        if by is None and not sought.words:
            by = SORTS["newest"]
        with _translated():
            query = questions.query(searcher, sought, filters, ranked=by is None)
            order: dict[str, Any] = {"order_by_field": by[0], "order": by[1]} if by else {}
            result: Any = searcher.search(query, limit=max(1, limit), offset=offset, count=True, **order)
            ids = searcher.fast_field_values("id", [address for _score, address in result.hits])
        return Hits([int(pk) for pk in ids if pk is not None][:limit], int(result.count))

    def counts(self, sought: Sought, asks: Sequence[Ask]) -> list[dict[str, int]]:
        """See port.Engine. Asks under the same filters travel together.

        By sets of values first (embedded_fields.WHOLE); value by value where there are too many sets.
        """
        searcher = self._searcher()
        wanted = {place: ask for place, ask in enumerate(asks) if ask.among != ()}
        sets = {place: ask for place, ask in wanted.items() if ask.among is None and ask.name in WHOLE}
        with _translated():
            by_sets = questions.counted(searcher, sought, sets, questions.by_sets)
            found = {place: single(row) for place, (row, others) in by_sets.items() if not others}
            left = {place: ask for place, ask in wanted.items() if place not in found}
            found |= {
                place: row
                for place, (row, _others) in questions.counted(
                    searcher, sought, left, questions.by_values
                ).items()
            }
        return [found.get(place, {}) for place in range(len(asks))]

    def unions(self, sought: Sought, ask: Ask, groups: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """See port.Engine."""
        searcher = self._searcher()
        found = {}
        with _translated():
            base = questions.query(searcher, sought, ask.filters, ranked=False)
            for name, values in groups.items():
                one = Query.term_set_query(PRODUCTS, ask.name, list(values))
                both = Query.boolean_query([(Occur.Must, base), (Occur.Must, one)])
                result: Any = searcher.search(both, limit=1, count=True)
                found[name] = int(result.count)
        return found

    def similar(self, word: str, limit: int) -> list[KnownWord]:
        """See port.Engine."""
        _products, words = self._open()
        with self._lock:
            searcher = words.fresh()
        found: list[KnownWord] = []
        with _translated():
            for distance in (0, 1, 2):
                query = Query.fuzzy_term_query(WORDS, "word", word, distance, True)
                rows = [
                    searcher.doc(at) for _score, at in searcher.search(query, limit=limit, count=False).hits
                ]
                found = [KnownWord(r["word"][0], r["shown"][0], r["count"][0]) for r in rows]
                if found or (len(word) <= 4 and distance == 1):
                    break
        return found

    def state(self) -> str:
        """See port.Engine. Two looks at files."""
        both = self._open()
        try:
            return " ".join(f"{one.meta} {one.stamp()}" for one in both)
        except OSError as error:
            raise SearchUnavailable(str(error)) from error

    def size(self) -> int:
        """See port.Engine."""
        return int(self._searcher().num_docs)

    def outdated(self) -> bool:
        """See port.Engine. It is read on meanwhile: its fields are the same."""
        return not self._current().startswith(made_by())

    def drop(self, version: str) -> None:
        """See port.Engine."""
        folder = self.folder / version
        with suppress(SearchUnavailable):
            if version == self._current():
                return
        if VERSION.fullmatch(version):
            shutil.rmtree(folder, ignore_errors=True)

    # -- writing

    def update(self, documents: Sequence[Document], gone: Iterable[int]) -> None:
        """See port.Engine."""
        with _writing(self.folder), _translated():
            folder = self.folder / self._current() / "products"
            index = tantivy.Index(PRODUCTS, path=str(folder), reuse=True)
            writer = index.writer(UPDATE_BYTES, 1)
            for pk in [*gone, *(one.id for one in documents)]:
                writer.delete_documents_by_term("id", pk)
            for one in documents:
                writer.add_document(row_of(one))
            writer.commit()
            writer.wait_merging_threads()
            self._learn(documents)

    def _learn(self, documents: Sequence[Document]) -> None:
        """Words that the range had not before become known to did-you-mean."""
        words = tantivy.Index(WORDS, path=str(self.folder / self._current() / "words"), reuse=True)
        words.reload()
        searcher = words.searcher()
        new = {
            word: shown
            for one in documents
            for word, shown in one.known
            if not searcher.doc_freq("word", word)
        }
        if new:
            writer = words.writer(UPDATE_BYTES, 1)
            for word, shown in new.items():
                writer.add_document(word_row(KnownWord(word, shown, 1)))
            writer.commit()
            writer.wait_merging_threads()

    def builder(self) -> EmbeddedBuilder:
        """See port.Engine."""
        return EmbeddedBuilder(self.folder)


class EmbeddedBuilder:
    """See port.Builder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = f"{made_by()}{now():%Y%m%d%H%M%S%f}"
        self._own = folder / self.version
        for name in ("products", "words"):
            (self._own / name).mkdir(parents=True)
        self._index = tantivy.Index(PRODUCTS, path=str(self._own / "products"))
        self._writer = self._index.writer(BUILD_BYTES, 1)

    def add(self, documents: Sequence[Document]) -> None:
        """See port.Builder."""
        for one in documents:
            self._writer.add_document(row_of(one))

    def finish(self, words: Iterable[KnownWord]) -> int:
        """See port.Builder."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        index = tantivy.Index(WORDS, path=str(self._own / "words"))
        writer = index.writer(UPDATE_BYTES, 1)
        for word in words:
            writer.add_document(word_row(word))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        return int(self._index.searcher().num_docs)

    def swap(self) -> None:
        """See port.Builder. Readers that still have the former open read on: its files live until they let go."""
        with _writing(self.folder):
            new = self.folder / "current.new"
            new.write_text(self.version)
            new.replace(self.folder / "current")
            for other in self.folder.iterdir():
                if other.is_dir() and other.name != self.version:
                    shutil.rmtree(other, ignore_errors=True)

    def drop(self) -> None:
        """See port.Builder."""
        shutil.rmtree(self._own, ignore_errors=True)


@contextmanager
def _translated() -> Iterator[None]:
    """What the engine may raise is one thing to those who ask."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise SearchUnavailable(str(error)) from error
